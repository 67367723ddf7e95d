import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { addAccount } from '../../cli/commands/accounts-add.ts';
import type { Session } from '../../cli/session.ts';
import { FileRefusedError } from '../../core/errors.ts';
import { type Account, findAccount } from '../../db/queries/accounts.ts';
import { verify } from '../../db/verify.ts';
import { importFile } from '../../workers/import-file.ts';
import { stage } from '../sandbox/sandbox-client.ts';
import { useDatabase } from '../support/ledger.ts';
import { sessionOn } from '../support/session.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);
const file = async (path: string, name = 'report.csv') => ({ name, bytes: await readFile(new URL(path, FIXTURES)) });
const RAKUTEN_KEY = { clientId: 'x', clientSecret: 'yyyy', sid: '1' };

describe('importing a report file', () => {
  const held = useDatabase();
  let session: Session;
  beforeAll(async () => {
    session = await sessionOn(held, stage());
  });

  async function connect(network: string, name: string, credentials: Record<string, string>): Promise<Account> {
    const { id } = await addAccount(session, {
      network,
      name,
      credentials,
      timeZone: 'UTC',
      historyDays: 30,
      test: false,
    });
    return (await findAccount(held.db, id)) as Account;
  }

  async function stored({ id }: Account) {
    const { rows } = await held.db.pool.query(
      `select occurred_at::date as day, commission_amount as commission, presence, version from conversions where account_id = $1
       order by 1, 2`,
      [id],
    );
    return rows.map(({ day, commission, presence, version }) => `${day} ${commission} ${presence} v${version}`);
  }
  const trace = async ({ id }: Account) => {
    const { rows } = await held.db.pool.query(
      `select (select count(*) from ledger where account_id = $1) as ledger, (select count(*) from set_aside where account_id = $1) as aside,
         (select count(*) from runs where account_id = $1) as runs`,
      [id],
    );
    return rows[0];
  };

  it('replaces the days that it gives whole, also on a paused account; twice changes nothing', async () => {
    const account = await connect('amazon-associates', 'store', { marketplace: 'www.amazon.com' });
    expect(account.state).toBe('paused');
    const first = await importFile(session.engine, account, await file('amazon-associates/ui-csv/first.csv'));
    expect(first).toMatchObject({
      rows: 3,
      created: 3,
      changed: 0,
      replaced: 0,
      setAside: 0,
      days: ['2026-02-01', '2026-02-03'],
    });
    const again = await importFile(session.engine, account, await file('amazon-associates/ui-csv/first.csv'));
    expect(again).toMatchObject({ rows: 3, created: 0, changed: 0, replaced: 0, setAside: 0 });
    expect(await trace(account)).toMatchObject({ ledger: 3, runs: 2 });

    const second = await importFile(session.engine, account, await file('amazon-associates/ui-csv/second.csv'));
    expect(second).toMatchObject({ rows: 2, created: 1, changed: 0, replaced: 1 });
    expect(await stored(account)).toEqual([
      '2026-02-01 2.210000 present v1',
      '2026-02-03 0.450000 replaced v2',
      '2026-02-03 1.120000 present v1',
      '2026-02-13 -0.450000 present v1',
    ]);
    expect(await verify(held.db, account.id)).toEqual([]);
  });

  it('sets aside what cannot be read, with its line, and keeps the rest', async () => {
    const account = await connect('rakuten', 'older', RAKUTEN_KEY);
    const report = await file('rakuten/individual-item-report/individual-item-report.csv');
    const result = await importFile(session.engine, account, report);
    expect(result).toMatchObject({ rows: 7, created: 4, setAside: 3, days: [] });
    expect(result.reasons[0]).toMatch(/^line 6: .*12,50/);
    expect(await importFile(session.engine, account, report)).toMatchObject({ created: 0, changed: 0, setAside: 3 });
    expect(await trace(account)).toMatchObject({ ledger: 4, aside: 3 });
  });

  it.each([
    { name: 'another kind', bytes: 'Date;Amount\n2026-02-01;3', message: /no report of Amazon Associates/ },
    { name: 'a workbook', bytes: 'PK\u0003\u0004rest', message: /Excel workbook/ },
    {
      name: 'a line that is no line of it',
      bytes:
        'Category,Name,ASIN,Seller,Tracking ID,Date Shipped,Price($),Items Shipped,Returns,Revenue($),Ad Fees($),Device Type Group\n' +
        'Books,Atlas,B0TEST0002,Amazon.com,mystore-20,2026-02-01,49.00,1,0,49.00,2.21,Desktop\n' +
        'Books,Atlas,B0TEST0002,Amazon.com,mystore-20,someday,49.00,1,0,49.00,2.21,Desktop\n',
      message: /Line 3: "someday" in the column Date Shipped/,
    },
  ])('refuses $name and stores nothing', async ({ name, bytes, message }) => {
    const account = await connect('amazon-associates', name, { marketplace: 'www.amazon.com' });
    const refused = importFile(session.engine, account, { name: 'report.csv', bytes: Buffer.from(bytes) });
    await expect(refused).rejects.toThrow(FileRefusedError);
    await expect(refused).rejects.toThrow(message);
    expect(await trace(account)).toMatchObject({ ledger: 0, aside: 0, runs: 0 });
  });
});

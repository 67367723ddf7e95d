import { beforeAll, describe, expect, it } from 'vitest';
import { addAccount } from '../../cli/commands/accounts-add.ts';
import type { Session } from '../../cli/session.ts';
import { type Account, findAccount } from '../../db/queries/accounts.ts';
import { beginRun } from '../../db/queries/runs.ts';
import { openSetAside, type SetAsideRow } from '../../db/queries/set-aside.ts';
import { savePage } from '../../db/save-page.ts';
import { verify } from '../../db/verify.ts';
import { readAgain } from '../../workers/read-again.ts';
import { stage } from '../sandbox/sandbox-client.ts';
import { sale } from '../support/conversions.ts';
import { useDatabase } from '../support/ledger.ts';
import { sessionOn } from '../support/session.ts';

/** A row as Awin tells it. */
function awinRow(id: string, fields: object = {}): SetAsideRow {
  const money = { amount: 5, currency: 'EUR' };
  const raw = {
    id,
    advertiserId: 7,
    commissionStatus: 'approved',
    commissionAmount: money,
    saleAmount: money,
    transactionDate: '2026-02-01T10:00:00',
    ...fields,
  };
  return {
    stream: 'conversions',
    pass: 'new',
    reason: 'An older connector could not read it.',
    raw,
    networkTransactionId: id,
  };
}

describe('taking up rows that were set aside', () => {
  const held = useDatabase();
  let session: Session;
  let account: Account;
  beforeAll(async () => {
    session = await sessionOn(held, stage());
    const credentials = { accessToken: 'some-token', publisherId: '1' };
    const wanted = { network: 'awin', name: 'blog', credentials, timeZone: 'UTC', historyDays: 30, test: false };
    account = (await findAccount(held.db, (await addAccount(session, wanted)).id)) as Account;
    const run = await beginRun(held.db, {
      accountId: account.id,
      pass: 'new',
      kind: 'live',
      at: session.engine.clock.now(),
    });
    await savePage(held.db, run, {
      observedAt: session.engine.clock.now(),
      rows: [sale('known', { commission: '9' })],
      setAside: [
        awinRow('readable'),
        awinRow('twice', { commissionAmount: { amount: 1, currency: 'EUR' } }),
        awinRow('twice'),
        awinRow('odd', { commissionStatus: 'perhaps' }),
      ],
    });
    // Set aside after the conversion was read from another answer: what is known stands.
    await savePage(held.db, run, { observedAt: session.engine.clock.now(), rows: [], setAside: [awinRow('known')] });
  });

  const commissions = async () => {
    const { rows } = await held.db.pool.query(
      'select network_transaction_id as id, commission_amount as commission, status from conversions where account_id = $1 order by 1',
      [account.id],
    );
    return rows.map(({ id, commission, status }) => `${id} ${commission} ${status}`);
  };

  it('saves what can be read today, settles what is known, and leaves the rest waiting', async () => {
    expect(await readAgain(session.engine, account)).toEqual({ saved: 2, settled: 2, waiting: 1 });
    expect(await commissions()).toEqual([
      'known 9.000000 pending',
      'readable 5.000000 approved',
      'twice 5.000000 approved',
    ]);
    const open = await openSetAside(held.db.pool, account.id);
    expect(open.map(({ networkTransactionId }) => networkTransactionId)).toEqual(['odd']);
    expect(await verify(held.db, account.id)).toEqual([]);
  });

  it('finds nothing more the second time', async () => {
    expect(await readAgain(session.engine, account)).toEqual({ saved: 0, settled: 0, waiting: 1 });
  });
});

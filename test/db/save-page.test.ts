import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Conversion } from '../../core/conversion.ts';
import { StaleRunError } from '../../core/errors.ts';
import { decimal, fromMicros } from '../../core/money.ts';
import { markMissing } from '../../db/presence.ts';
import { beginRun } from '../../db/queries/runs.ts';
import { saveSettlements } from '../../db/queries/settlements.ts';
import { type SaveStep, savePage } from '../../db/save-page.ts';
import { verify } from '../../db/verify.ts';
import { sale } from '../support/conversions.ts';
import { saveInOneRun, someAccount, useDatabase } from '../support/ledger.ts';

const held = useDatabase();
const at = new Date('2026-03-02T00:00:00Z');

async function state(accountId: number) {
  const { rows } = await held.db.pool.query(
    `select network_transaction_id as id, status, commission_amount as commission, presence, version, day
     from conversions where account_id = $1 order by 1`,
    [accountId],
  );
  return rows;
}

async function totals(accountId: number) {
  const { rows } = await held.db.pool.query(
    `select day, program_id, currency, status, conversions, gross::numeric(20,6), corrections::numeric(20,6)
     from daily_totals where account_id = $1 and conversions <> 0 order by 1, 2, 3, 4`,
    [accountId],
  );
  return rows;
}

describe('savePage', () => {
  it('saves new rows once: the same page again writes nothing', async () => {
    const account = await someAccount(held.db);
    const rows = [sale('1'), sale('2', { commission: '2.5' })];
    expect(await saveInOneRun(held.db, account, [{ rows }, { rows }])).toEqual([
      { created: 2, changed: 0, vanished: 0 },
      { created: 0, changed: 0, vanished: 0 },
    ]);
    expect(await totals(account)).toMatchObject([
      { day: '2026-03-01', status: 'pending', conversions: 2, gross: '3.500000' },
    ]);
    expect(await verify(held.db, account)).toEqual([]);
  });

  it('appends a ledger line for every state, and tells which fields moved', async () => {
    const account = await someAccount(held.db);
    await saveInOneRun(held.db, account, [
      { rows: [sale('1')] },
      { rows: [sale('1', { status: 'approved', statusRaw: 'ok' })] },
      { rows: [sale('1', { status: 'pending' })] },
    ]);
    const { rows } = await held.db.pool.query(
      `select version, event, irregular, field, "from", "to" from ledger_changes
       where account_id = $1 and version > 1 order by version, field`,
      [account],
    );
    expect(rows).toEqual([
      { version: 2, event: 'changed', irregular: false, field: 'status', from: 'pending', to: 'approved' },
      { version: 2, event: 'changed', irregular: false, field: 'status_raw', from: 'pending', to: 'ok' },
      { version: 3, event: 'changed', irregular: true, field: 'status', from: 'approved', to: 'pending' },
      { version: 3, event: 'changed', irregular: true, field: 'status_raw', from: 'ok', to: 'pending' },
    ]);
  });

  it('refuses to change or forget a ledger line', async () => {
    const account = await someAccount(held.db);
    await saveInOneRun(held.db, account, [{ rows: [sale('1')] }]);
    for (const statement of ['update ledger set status = $1', 'delete from ledger where status <> $1']) {
      await expect(held.db.pool.query(statement, ['paid'])).rejects.toThrow('append-only');
    }
    await expect(held.db.pool.query('truncate ledger')).rejects.toThrow('append-only');
  });

  it('keeps the last of an id that a page repeats', async () => {
    const account = await someAccount(held.db);
    await saveInOneRun(held.db, account, [{ rows: [sale('1'), sale('1', { commission: '9' })] }]);
    expect(await state(account)).toMatchObject([{ id: '1', commission: '9.000000', version: 1 }]);
  });

  it('never lets an older word of the network overwrite a newer one', async () => {
    const account = await someAccount(held.db);
    const older = sale('1', { updatedAt: new Date('2026-03-05'), commission: '1' });
    const newer = sale('1', { updatedAt: new Date('2026-03-06'), commission: '2' });
    await saveInOneRun(held.db, account, [{ rows: [newer] }, { rows: [older] }]);
    expect(await state(account)).toMatchObject([{ commission: '2.000000', version: 1 }]);
  });

  it('refuses the write of a run that a newer one has overtaken', async () => {
    const account = await someAccount(held.db);
    const stale = await beginRun(held.db, { accountId: account, pass: 'new', kind: 'live', at });
    await beginRun(held.db, { accountId: account, pass: 'new', kind: 'live', at });
    const write = savePage(held.db, stale, { observedAt: at, rows: [sale('1')], setAside: [] });
    await expect(write).rejects.toBeInstanceOf(StaleRunError);
    expect(await state(account)).toEqual([]);
  });

  it.each<SaveStep>(['asked', 'begun', 'staged', 'applied', 'committed'])(
    'survives a crash after "%s"',
    async (step) => {
      const account = await someAccount(held.db);
      const run = await beginRun(held.db, { accountId: account, pass: 'new', kind: 'live', at });
      const page = { observedAt: at, rows: [sale('1'), sale('2', { status: 'approved' })], setAside: [] };
      const crash = (reached: SaveStep) => {
        if (reached === step) throw new Error('crash');
      };
      await expect(savePage(held.db, run, page, crash)).rejects.toThrow('crash');
      expect((await state(account)).length).toBe(step === 'committed' ? 2 : 0);
      await savePage(held.db, run, page);
      expect((await state(account)).length).toBe(2);
      expect(await verify(held.db, account)).toEqual([]);
    },
  );

  it('stores whatever text a network sends', async () => {
    const account = await someAccount(held.db);
    const odd = 'tab\t line\n back\\slash "quoted" \u0000 nul \ud800 half {,}';
    const row = sale(`id ${odd}`, { subId: odd, orderRef: '\\N', raw: { [odd]: [odd, { deep: odd }] } });
    await saveInOneRun(held.db, account, [{ rows: [row] }, { rows: [row] }]);
    const { rows } = await held.db.pool.query(
      'select sub_id, order_ref, version from conversions where account_id = $1',
      [account],
    );
    expect(rows).toEqual([{ sub_id: odd.replace('\u0000', '').toWellFormed(), order_ref: '\\N', version: 1 }]);
  });

  it('counts days in the zone of the account', async () => {
    const account = await someAccount(held.db, 'America/Los_Angeles');
    await saveInOneRun(held.db, account, [{ rows: [sale('1', { occurredAt: new Date('2026-03-08T07:59:00Z') })] }]);
    expect(await state(account)).toMatchObject([{ day: '2026-03-07' }]);
  });
});

describe('a day that is replaced as a whole', () => {
  const day = (rows: Conversion[]) => ({ rows, replacesDay: '2026-03-01' });
  it('no longer counts what its newer report has dropped, and counts it again when it returns', async () => {
    const account = await someAccount(held.db);
    await saveInOneRun(held.db, account, [day([sale('a'), sale('b')]), day([sale('a')])]);
    expect(await state(account)).toMatchObject([
      { id: 'a', presence: 'present' },
      { id: 'b', presence: 'replaced' },
    ]);
    expect(await totals(account)).toMatchObject([{ conversions: 1, gross: '1.000000' }]);
    await saveInOneRun(held.db, account, [day([sale('a'), sale('b')])]);
    expect(await totals(account)).toMatchObject([{ conversions: 2, gross: '2.000000' }]);
    expect(await verify(held.db, account)).toEqual([]);
  });
});

describe('rows that vanish from a whole window', () => {
  it('are marked, stay counted, and are welcome back', async () => {
    const account = await someAccount(held.db);
    await saveInOneRun(held.db, account, [{ rows: [sale('a'), sale('b')] }]);
    const run = await beginRun(held.db, { accountId: account, pass: 'again', kind: 'live', at });
    const window = { start: new Date('2026-03-01'), end: new Date('2026-03-02') };
    expect(await markMissing(held.db, run, window, (id) => id === 'a', at)).toBe(1);
    expect(await markMissing(held.db, run, window, (id) => id === 'a', at)).toBe(0);
    expect(await totals(account)).toMatchObject([{ conversions: 2 }]);
    await saveInOneRun(held.db, account, [{ rows: [sale('b')] }]);
    const { rows } = await held.db.pool.query(
      'select event from ledger where account_id = $1 order by conversion_id, version',
      [account],
    );
    expect(rows.map(({ event }) => event)).toEqual(['first seen', 'first seen', 'missing', 'returned']);
  });
});

describe('settlements', () => {
  it('take what is open to paid, before or after it is seen, and re-reading it stays free', async () => {
    const account = await someAccount(held.db);
    const early = sale('early', { status: 'approved' });
    await saveInOneRun(held.db, account, [{ rows: [early, sale('open'), sale('reversed', { status: 'reversed' })] }]);
    const run = await beginRun(held.db, { accountId: account, pass: 'paid', kind: 'live', at });
    const word = ['early', 'late', 'open', 'reversed'].map((networkTransactionId) => ({
      networkTransactionId,
      paymentRef: 'P1',
      paidAt: at,
    }));
    expect(await saveSettlements(held.db, run, word, at)).toBe(2);
    expect(await saveSettlements(held.db, run, word, at)).toBe(0);
    const late = sale('late', { status: 'approved' });
    expect(await saveInOneRun(held.db, account, [{ rows: [early, late] }, { rows: [early, late] }])).toMatchObject([
      { created: 1, changed: 0 },
      { created: 0, changed: 0 },
    ]);
    expect(await state(account)).toMatchObject([
      { id: 'early', status: 'paid' },
      { id: 'late', status: 'paid' },
      { id: 'open', status: 'paid' },
      { id: 'reversed', status: 'reversed' },
    ]);
    expect(await verify(held.db, account)).toEqual([]);
  });
});

describe('confluence', () => {
  const version = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    time: fc.integer({ min: 1, max: 6 }),
    status: fc.constantFrom('pending', 'approved', 'paid', 'reversed'),
    micros: fc.bigInt({ min: -5_000_000n, max: 5_000_000n }),
    program: fc.constantFrom('p', 'q', null),
  });
  /** What the network says of an id at a time is one thing. */
  const history = fc.uniqueArray(version, { selector: ({ id, time }) => `${id}${time}`, minLength: 1, maxLength: 12 });

  it('any order and repetition of the same pages gives one state', { timeout: 300_000 }, async () => {
    const cases = history.chain((rows) =>
      fc.tuple(
        fc.constant(rows),
        fc.shuffledSubarray(rows, { minLength: rows.length }),
        fc.array(fc.constantFrom(...rows), { maxLength: 6 }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([inOrder, shuffled, repeated]) => {
        const pages = (rows: typeof inOrder) =>
          rows.map(({ id, time, status, micros, program }) => ({
            rows: [
              sale(id, {
                status,
                commissionAmount: fromMicros(micros),
                programId: program,
                saleAmount: decimal(time),
                updatedAt: new Date(time * 86_400_000),
              }),
            ],
          }));
        const [one, other] = [await someAccount(held.db), await someAccount(held.db)];
        await saveInOneRun(held.db, one, pages(inOrder));
        await saveInOneRun(held.db, other, pages([...repeated, ...shuffled, ...repeated]));
        const bare = (rows: Record<string, unknown>[]) => rows.map(({ version: _, ...row }) => row);
        expect(bare(await state(other))).toEqual(bare(await state(one)));
        expect(await totals(other)).toEqual(await totals(one));
        expect(await verify(held.db, other)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});

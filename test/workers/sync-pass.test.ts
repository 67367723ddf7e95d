import { describe, expect, it } from 'vitest';
import { AccountBusyError, CredentialsRefusedError, SchemaDriftError, StaleRunError } from '../../core/errors.ts';
import { addDays } from '../../core/time-window.ts';
import { findAccount, removeAccount } from '../../db/queries/accounts.ts';
import { readCheckpoints } from '../../db/queries/checkpoints.ts';
import { verify } from '../../db/verify.ts';
import { planBackfill } from '../../workers/connect-account.ts';
import { syncPass } from '../../workers/sync-pass.ts';
import { useDatabase } from '../support/ledger.ts';
import { lumora, someLumora } from '../support/lumora.ts';

const held = useDatabase();
const sold = (ref: string, day: string, state = 'NEW', earned: string | null = '1.50') => ({
  ref,
  state,
  earned,
  sold_at: `2026-${day}T12:00:00Z`,
});

async function rows(sql: string, accountId: number) {
  return (await held.db.pool.query(sql, [accountId])).rows;
}
const conversions = (id: number) =>
  rows('select network_transaction_id as id, status, presence from conversions where account_id = $1 order by 1', id);
const runs = (id: number) =>
  rows(
    'select state, rows_new, rows_changed, error_code, network_words from runs where account_id = $1 order by id',
    id,
  );

describe('a live pass', () => {
  it('reads from its checkpoint, moves it, and the second time in a row changes nothing', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    const job = { accountId: account.id, pass: 'new', kind: 'live' as const };
    clock.advanceTo(new Date('2026-03-15T00:00:00.500Z'));
    network.sales = [sold('a', '03-01'), sold('b', '03-14')];
    await syncPass(engine, job);
    await syncPass(engine, job);
    expect(network.asked.map((query) => query.get('from')?.slice(5, 10))).toEqual(['02-27', '03-09', '03-13']);
    expect(await runs(account.id)).toMatchObject([
      { state: 'done', rows_new: 2, rows_changed: 0 },
      { state: 'done', rows_new: 0, rows_changed: 0 },
    ]);
    expect((await readCheckpoints(held.db, account.id)).get('new')).toMatchObject({
      completeUntil: new Date('2026-03-15T00:00:00Z'),
      resumeFrom: null,
    });
  });

  it('goes on where a long wait stopped it', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    const job = { accountId: account.id, pass: 'new', kind: 'live' as const };
    clock.advanceTo(new Date('2026-03-25T00:00:00Z'));
    network.sales = [sold('a', '03-01'), sold('b', '03-24')];
    let calls = 0;
    network.mood = () => {
      calls += 1;
      return calls === 2 ? { status: 429, body: { error: 'slow down' }, headers: { 'retry-after': '3600' } } : null;
    };
    await expect(syncPass(engine, job)).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
    expect(await conversions(account.id)).toHaveLength(1);
    await syncPass(engine, job);
    expect(network.asked.map((query) => query.get('from')?.slice(5, 10))).toEqual(['02-27', '03-09', '03-09', '03-19']);
    expect(await runs(account.id)).toMatchObject([{ state: 'given back', error_code: 'quota' }, { state: 'done' }]);
  });

  it('marks rows that a whole window no longer lists, unless a row of it could not be read', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    const job = { accountId: account.id, pass: 'again', kind: 'live' as const };
    clock.advanceTo(new Date('2026-03-10T00:00:00Z'));
    network.sales = [sold('a', '03-01'), sold('b', '03-02')];
    await syncPass(engine, job);
    network.sales = [sold('a', '03-01'), sold('c', '03-02', 'A NEW WORD')];
    await syncPass(engine, job);
    expect(await conversions(account.id)).toMatchObject([{ id: 'a' }, { id: 'b', presence: 'present' }]);
    network.sales = [];
    await syncPass(engine, job);
    expect(await conversions(account.id)).toMatchObject([
      { id: 'a', presence: 'present' },
      { id: 'b', presence: 'present' },
    ]);
    network.sales = [sold('a', '03-01')];
    await syncPass(engine, job);
    expect(await conversions(account.id)).toMatchObject([
      { id: 'a', presence: 'present' },
      { id: 'b', presence: 'missing' },
    ]);
  });

  it('asks again only about rows that are still open', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    clock.advanceTo(new Date('2026-03-05T00:00:00Z'));
    network.sales = [
      sold('a', '03-01'),
      sold('b', '03-02', 'SETTLED'),
      sold('c', '03-03', 'LOCKED'),
      sold('d', '03-04', 'VOID'),
    ];
    await syncPass(engine, { accountId: account.id, pass: 'new', kind: 'live' });
    network.sales = network.sales.map((sale) => ({ ...sale, state: 'SETTLED' }));
    network.asked.length = 0;
    await syncPass(engine, { accountId: account.id, pass: 'open', kind: 'live' });
    expect(network.asked.map((query) => query.get('ids'))).toEqual(['a,c']);
    expect((await conversions(account.id)).map(({ status }) => status)).toEqual(['paid', 'paid', 'paid', 'reversed']);
  });
});

it('reads history backwards to its goal, and never asks for it again', async () => {
  const { network, engine, account } = await someLumora(held.db);
  await planBackfill(held.db, lumora, account, 25);
  network.sales = [sold('old', '02-05'), sold('older', '02-04')];
  const job = { accountId: account.id, pass: 'new', kind: 'back-fill' as const };
  expect(await syncPass(engine, job)).toEqual({ remaining: false });
  expect(network.asked.map((query) => query.get('from')?.slice(5, 10))).toEqual(['02-19', '02-09', '02-04']);
  await syncPass(engine, job);
  expect(network.asked).toHaveLength(3);
  expect(await conversions(account.id)).toMatchObject([{ id: 'old' }, { id: 'older' }]);
});

describe('what goes wrong', () => {
  it('pauses an account whose key is refused, in the network’s own words and without the key', async () => {
    const { network, engine, account } = await someLumora(held.db, 'planted-secret-4711');
    network.mood = () => ({ status: 401, body: { error: 'the key planted-secret-4711 is void' } });
    const job = { accountId: account.id, pass: 'new', kind: 'live' as const };
    await expect(syncPass(engine, job)).rejects.toBeInstanceOf(CredentialsRefusedError);
    const paused = await findAccount(held.db, account.id);
    expect(paused).toMatchObject({ state: 'paused', troubleCode: 'credentials' });
    expect(paused?.networkWords).toContain('the key [redacted] is void');
    expect(JSON.stringify(await runs(account.id))).not.toContain('planted-secret');
    network.asked.length = 0;
    expect(await syncPass(engine, job)).toEqual({ remaining: false });
    expect(network.asked).toHaveLength(0);
  });

  it('stores nothing of an answer that has lost its shape, and keeps a sample', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    clock.advanceTo(new Date('2026-03-05T00:00:00Z'));
    const job = { accountId: account.id, pass: 'new', kind: 'live' as const };
    network.mood = () => ({ status: 200, body: { sales: [] } });
    await expect(syncPass(engine, job)).rejects.toBeInstanceOf(SchemaDriftError);
    network.mood = () => ({ status: 200, body: [1, 2, 3, 4, 5, 6].map((ref) => ({ reference: ref, status: 'NEW' })) });
    await expect(syncPass(engine, job)).rejects.toBeInstanceOf(SchemaDriftError);
    expect(await conversions(account.id)).toEqual([]);
    expect(await rows('select reason, body from drift_samples where account_id = $1', account.id)).toHaveLength(2);
    expect(await findAccount(held.db, account.id)).toMatchObject({ state: 'active', troubleCode: 'drift' });
    network.mood = null;
    await syncPass(engine, job);
    expect(await findAccount(held.db, account.id)).toMatchObject({ troubleCode: null });
  });

  it('sets unreadable rows aside, saves their neighbours, and settles them when they are read after all', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    clock.advanceTo(new Date('2026-03-05T00:00:00Z'));
    const job = { accountId: account.id, pass: 'again', kind: 'live' as const };
    network.sales = [sold('a', '03-01'), sold('b', '03-02', 'CLOSED'), sold('c', '03-03', 'NEW', null)];
    await syncPass(engine, job);
    await syncPass(engine, job);
    const open =
      'select network_transaction_id as id, reason from set_aside where account_id = $1 and resolved_at is null order by 1';
    expect(await rows(open, account.id)).toMatchObject([
      { id: 'b', reason: expect.stringContaining('CLOSED') },
      { id: 'c', reason: expect.stringContaining('earned') },
    ]);
    expect(await conversions(account.id)).toMatchObject([{ id: 'a' }]);
    network.sales = [sold('a', '03-01'), sold('b', '03-02'), sold('c', '03-03')];
    await syncPass(engine, job);
    expect(await rows(open, account.id)).toEqual([]);
    expect(await verify(held.db, account.id)).toEqual([]);
  });

  it('tells what was missed for good while it was away too long', async () => {
    const { network, clock, engine, account } = await someLumora(held.db);
    const job = { accountId: account.id, pass: 'new', kind: 'live' as const };
    await syncPass(engine, job);
    clock.advanceTo(addDays(clock.now(), 120));
    await syncPass(engine, job);
    expect(await rows('select gap_start, gap_end from checkpoints where account_id = $1', account.id)).toEqual([
      { gap_start: new Date('2026-03-01T00:00:00Z'), gap_end: new Date('2026-03-31T00:00:00Z') },
    ]);
    expect(network.asked.at(1)?.get('from')).toContain('2026-03-31');
  });

  it('lets one run of an account at a time, gives an aborted one back, and writes nothing for a removed account', async () => {
    const { network, engine, account } = await someLumora(held.db);
    const job = { accountId: account.id, pass: 'new', kind: 'live' as const };
    const both = await Promise.allSettled([syncPass(engine, job), syncPass(engine, job)]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(both.find((result) => result.status === 'rejected')?.reason).toBeInstanceOf(AccountBusyError);
    const stop = new AbortController();
    network.mood = () => {
      stop.abort();
      return null;
    };
    await expect(syncPass(engine, job, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect((await runs(account.id)).at(-1)).toMatchObject({ state: 'given back' });
    await removeAccount(held.db, account.id, engine.clock.now());
    await expect(syncPass(engine, job)).rejects.toBeInstanceOf(StaleRunError);
  });
});

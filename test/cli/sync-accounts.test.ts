import { beforeAll, describe, expect, it } from 'vitest';
import { backfill, backfillPlan } from '../../cli/backfill-account.ts';
import { testAccount } from '../../cli/commands/accounts.ts';
import { addAccount, setKeys } from '../../cli/commands/accounts-add.ts';
import { exitCodeFor } from '../../cli/commands/sync.ts';
import type { Session } from '../../cli/session.ts';
import { statusReport } from '../../cli/status-report.ts';
import { type SyncWatch, syncAccounts } from '../../cli/sync-accounts.ts';
import { CredentialsRefusedError } from '../../core/errors.ts';
import { withAccountLock } from '../../db/account-lock.ts';
import { type Account, findAccount, listAccounts } from '../../db/queries/accounts.ts';
import { enabledSchedules } from '../../db/queries/schedules.ts';
import { rebuildTotals, verify } from '../../db/verify.ts';
import { bookAt, totalsOf } from '../../sandbox/book.ts';
import { stage } from '../sandbox/sandbox-client.ts';
import { useDatabase } from '../support/ledger.ts';
import { sessionOn } from '../support/session.ts';

const quiet: SyncWatch = { started: () => {}, waiting: () => {}, ended: () => {} };
const awinAs = (name: string) => ({ network: 'awin', name, timeZone: 'UTC', historyDays: 90, test: true });

describe('accounts by hand, on a simulated network', () => {
  const held = useDatabase();
  const on = stage({ day: 60, salesPerDay: 1 });
  const credentials = on.sandbox.credentialsFor('awin');
  let session: Session;
  beforeAll(async () => {
    session = await sessionOn(held, on);
  });
  const account = async () => (await listAccounts(held.db))[0] as Account;

  it("stores nothing where the network refuses the key, and says it in the network's words", async () => {
    const refused = addAccount(session, { ...awinAs('blog'), credentials: { ...credentials, accessToken: 'wrong' } });
    await expect(refused).rejects.toThrow(CredentialsRefusedError);
    await expect(refused).rejects.toMatchObject({ networkWords: 'unauthorized' });
    expect(await listAccounts(held.db)).toEqual([]);
  });

  it('connects an account whose key the network takes', async () => {
    const added = await addAccount(session, { ...awinAs('blog'), credentials });
    expect(added).toMatchObject({ account: 'awin/blog', identity: { label: expect.any(String) } });
    expect(added.backfills).toMatchObject([
      { pass: 'new', done: 0 },
      { pass: 'clicks', done: 0 },
    ]);
    expect(await enabledSchedules(held.db)).toHaveLength(7);
    expect(await testAccount(session, 'blog')).toMatchObject({ account: 'awin/blog', identity: added.identity });
  });

  it('reads history until nothing is left, and shows a deeper plan without storing it', async () => {
    const plan = await backfillPlan(session, await account(), 60);
    expect(plan.find(({ pass }) => pass === 'new')).toMatchObject({ windowsLeft: 2, done: 0 });
    const done = await backfill(session, await account(), {});
    expect(done.every(({ windowsLeft, done: share }) => windowsLeft === 0 && share === 1)).toBe(true);
    expect((await backfillPlan(session, await account(), 900)).find(({ pass }) => pass === 'new')?.windowsLeft).toBe(
      27,
    );
    expect((await backfillPlan(session, await account())).every(({ windowsLeft }) => windowsLeft === 0)).toBe(true);
  });

  it('runs every live pass once; then the status is what the books of the world say', async () => {
    const heard: string[] = [];
    const outcomes = await syncAccounts(session, {}, { ...quiet, ended: ({ pass }) => void heard.push(pass) });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(7).fill('done'));
    expect(heard).toEqual(outcomes.map(({ pass }) => pass));
    expect(exitCodeFor(outcomes)).toBe(0);
    const report = await statusReport(held.db, on.clock.now());
    const conversions = totalsOf(bookAt(on.world, 'awin', on.clock.now())).reduce((all, { count }) => all + count, 0);
    const { rows } = await held.db.pool.query('select count(*)::integer as rows from conversions');
    expect(rows[0].rows).toBe(conversions);
    expect(report.lacking).toEqual([]);
    expect(report.accounts[0]?.state).toMatch(/fresh|zero is normal/);
    expect(await verify(held.db)).toEqual([]);
  });

  it('says busy where another run has the account, and waits when it is told to', async () => {
    const { id } = await account();
    await withAccountLock(held.db, id, async () => {
      const [busy] = await syncAccounts(session, { pass: 'new' }, quiet);
      expect(busy).toMatchObject({ outcome: 'later', error: { code: 'busy' } });
      expect(exitCodeFor([{ outcome: 'later' }])).toBe(75);
    });
    let lock = Promise.resolve();
    const free = await new Promise<() => void>((taken) => {
      lock = withAccountLock(held.db, id, () => new Promise<void>((release) => taken(release)));
    });
    const [done] = await syncAccounts(session, { pass: 'new', wait: true }, { ...quiet, waiting: free });
    expect(done).toMatchObject({ outcome: 'done', error: null });
    await lock;
  });

  it('knows which passes there are', async () => {
    await expect(syncAccounts(session, { pass: 'old' }, quiet)).rejects.toThrow(/no pass "old".*new, validated/);
    await expect(syncAccounts(session, { account: 'shop' }, quiet)).rejects.toThrow('Known are: awin/blog (1).');
  });

  it('counts its days in another zone, with totals made anew', async () => {
    const { id } = await account();
    await rebuildTotals(held.db, id, 'Pacific/Auckland');
    expect((await account()).timeZone).toBe('Pacific/Auckland');
    expect(await verify(held.db, id)).toEqual([]);
  });

  it('pauses a refused account, goes on with a new key, and keeps the fields that were not given', async () => {
    const bad = { ...session.engine, openCredentials: async () => ({ ...credentials, accessToken: 'worn out' }) };
    const outcomes = await syncAccounts({ ...session, engine: bad }, {}, quiet);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['failed', 'paused']);
    expect(outcomes[0]?.error).toMatchObject({ code: 'credentials', networkWords: 'unauthorized' });
    expect(exitCodeFor(outcomes)).toBe(1);
    const identity = await setKeys(session, await account(), { accessToken: String(credentials.accessToken) }, true);
    expect(identity?.label).toBeTruthy();
    expect(await findAccount(held.db, (await account()).id)).toMatchObject({ state: 'active', troubleCode: null });
    expect(await session.engine.openCredentials((await account()).id)).toEqual(credentials);
  });
});

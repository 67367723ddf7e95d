import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Connector, Pass } from '../../connectors/contract.ts';
import { SchemaDriftError } from '../../core/errors.ts';
import { type Log, silentLog } from '../../core/log.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/time-window.ts';
import { type Database, openDatabase } from '../../db/client.ts';
import { addAccount, pauseAccount, removeAccount, resumeAccount } from '../../db/queries/accounts.ts';
import { planHistory } from '../../db/queries/checkpoints.ts';
import { enabledSchedules, ensureSchedules } from '../../db/queries/schedules.ts';
import { openQueue, type SyncQueue } from '../../workers/queue.ts';
import { reconcile, startReconciler } from '../../workers/reconcile.ts';
import { type SyncHandler, startWorker } from '../../workers/sync-worker.ts';
import { QUEUE_PLACES, type QueuePlace } from '../support/queue-places.ts';

const NOTHING = { scheduled: 0, unscheduled: 0, caughtUp: 0, backFills: 0, settled: 0 };
const PASSES: Pass[] = [
  { name: 'new', by: 'created', every: 'hour', maxWindowDays: 31, lookbackDays: 2, historyDays: 365 },
  { name: 'settling', by: 'changed', every: 'night', maxWindowDays: 31, lookbackDays: 7 },
];
const lumora: Connector = {
  id: 'lumora',
  name: 'Lumora',
  docsUrl: 'https://docs.lumora.example',
  verifiedOn: null,
  hosts: ['https://api.lumora.example'],
  limits: { parallel: 1 },
  credentials: z.object({}),
  reports: { timeZone: 'UTC', currency: 'row' },
  authorise: () => ({}),
  check: async () => ({ label: 'a test', currency: null }),
  streams: { conversions: { passes: PASSES, normalise: () => null, async *pages() {} } },
};

describe.each(QUEUE_PLACES)('the reconciler with a queue on $name', ({ absent, create }) => {
  describe.skipIf(absent)('', () => {
    let place: QueuePlace;
    let db: Database;
    let queue: SyncQueue;
    let accountId: number;
    const now = new Date();
    const ago = (ms: number) => new Date(now.getTime() - ms);

    beforeAll(async () => {
      place = await create();
      db = openDatabase(place.databaseUrl);
      queue = await openQueue({ ...place, backoffMs: 10 });
    });
    afterAll(async () => {
      await queue.close();
      await db.close();
      await place.drop();
    });
    beforeEach(async () => {
      await queue.flush();
      await db.pool.query('delete from accounts');
      ({ id: accountId } = await connect('first'));
    });

    const connect = (name: string, network = 'lumora') =>
      addAccount(db, { network, name, timeZone: 'Europe/Berlin', connectedAt: ago(HOUR_MS) });

    function input(log: Log = silentLog) {
      const connectorById = (id: string) => {
        if (id === lumora.id) return lumora;
        throw new Error(`There is no network "${id}".`);
      };
      return { db, queue, connectorById, log };
    }

    /** A run of a pass that began then, and, where it went well, its checkpoint. */
    async function ran(pass: string, at: Date, isDone = true): Promise<void> {
      const kind = isDone ? 'done' : 'failed';
      await db.pool.query(
        "insert into runs (account_id, pass, kind, epoch, started_at, state) values ($1, $2, 'live', 1, $3, $4)",
        [accountId, pass, at, kind],
      );
      if (!isDone) return;
      await db.pool.query(
        `insert into checkpoints (account_id, pass, last_done_at) values ($1, $2, $3)
         on conflict (account_id, pass) do update set last_done_at = excluded.last_done_at`,
        [accountId, pass, at],
      );
    }

    /** Everything has just run, so that nothing is due. */
    async function settled(): Promise<void> {
      for (const { name } of PASSES) await ran(name, now);
    }

    async function workUntil(isEnough: () => Promise<boolean>, handler: SyncHandler): Promise<void> {
      const work = startWorker({ queue, handler });
      onTestFinished(() => work.close(0));
      await expect.poll(isEnough, { timeout: 5_000 }).toBe(true);
      await work.close(0);
    }

    it('schedules and starts a new account once, and changes nothing the second time', async () => {
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, scheduled: 2, caughtUp: 2 });
      expect(await reconcile(input(), now)).toEqual(NOTHING);
      expect((await queue.schedules()).map(({ accountId: id, pass, timeZone }) => [id, pass, timeZone]).sort()).toEqual(
        [
          [accountId, 'new', 'Europe/Berlin'],
          [accountId, 'settling', 'Europe/Berlin'],
        ],
      );
      expect(await queue.counts()).toEqual({ waiting: 2, active: 0, delayed: 2, parked: 0 });
    });

    it('builds everything up again after the queue has lost it', async () => {
      await settled();
      await planHistory(db.pool, accountId, 'new', { from: now, goal: ago(1_000 * HOUR_MS) });
      await reconcile(input(), now);
      const [before, counts] = [await queue.schedules(), await queue.counts()];
      await queue.flush();
      expect(await queue.counts()).toEqual({ waiting: 0, active: 0, delayed: 0, parked: 0 });
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, scheduled: 2, backFills: 1 });
      expect(await queue.schedules()).toEqual(expect.arrayContaining(before));
      expect(await queue.counts()).toEqual(counts);
    });

    it("follows the owner's own time, and lets go of what is switched off, paused or removed", async () => {
      await settled();
      await ensureSchedules(db, accountId, [{ pass: 'new', cron: '5 */2 * * *', timeZone: 'Asia/Tokyo' }]);
      await reconcile(input(), now);
      expect(await queue.schedules()).toContainEqual({
        accountId,
        pass: 'new',
        cron: '5 */2 * * *',
        timeZone: 'Asia/Tokyo',
      });

      await db.pool.query("update schedules set cron = '6 * * * *' where pass = 'new'");
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, scheduled: 1 });
      await db.pool.query("update schedules set enabled = false where pass = 'settling'");
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, unscheduled: 1 });
      expect(await queue.schedules()).toEqual([{ accountId, pass: 'new', cron: '6 * * * *', timeZone: 'Asia/Tokyo' }]);

      await pauseAccount(db, accountId, null, now);
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, unscheduled: 1 });
      await resumeAccount(db, accountId);
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, scheduled: 1 });
      await removeAccount(db, accountId, now);
      expect(await reconcile(input(), now)).toEqual({ ...NOTHING, unscheduled: 1 });
      expect(await enabledSchedules(db)).toEqual([]);
    });

    it.each([
      { name: 'done three hours ago', doneAgo: 3 * HOUR_MS, triedAgo: null, caughtUp: 1 },
      { name: 'done within the hour', doneAgo: MINUTE_MS, triedAgo: null, caughtUp: 0 },
      { name: 'done long ago, but tried since and failed', doneAgo: 3 * HOUR_MS, triedAgo: MINUTE_MS, caughtUp: 0 },
      { name: 'tried long ago and never done', doneAgo: null, triedAgo: 3 * HOUR_MS, caughtUp: 1 },
    ])('an hourly pass $name is caught up $caughtUp times', async ({ doneAgo, triedAgo, caughtUp }) => {
      await ran('settling', now);
      if (doneAgo !== null) await ran('new', ago(doneAgo));
      if (triedAgo !== null) await ran('new', ago(triedAgo), false);
      expect(await reconcile(input(), now)).toMatchObject({ caughtUp });
      expect(await queue.isRequested({ accountId, pass: 'new', kind: 'live' })).toBe(caughtUp === 1);
    });

    it('leaves a pass that has only just become due to its schedule', async () => {
      await settled();
      const due = new Date(Math.ceil(now.getTime() / MINUTE_MS + 30) * MINUTE_MS);
      const rows = PASSES.map(({ name }) => ({ pass: name, cron: `${due.getUTCMinutes()} * * * *`, timeZone: 'UTC' }));
      await ensureSchedules(db, accountId, rows);
      const minutesAfter = (minutes: number) => new Date(due.getTime() + minutes * MINUTE_MS);
      expect(await reconcile(input(), minutesAfter(-1))).toMatchObject({ caughtUp: 0 });
      expect(await reconcile(input(), minutesAfter(9))).toMatchObject({ caughtUp: 0 });
      expect(await reconcile(input(), minutesAfter(11))).toMatchObject({ caughtUp: 2 });
    });

    it('keeps a parked pass in sight until it has gone well', async () => {
      await settled();
      await queue.requestSync({ accountId, pass: 'new', kind: 'live' });
      await workUntil(
        async () => (await queue.counts()).parked === 1,
        async () => {
          throw new SchemaDriftError('The answer has no list of sales.', null);
        },
      );
      expect(await reconcile(input(), now)).toMatchObject({ settled: 0, caughtUp: 0 });
      expect(await queue.parked()).toMatchObject([{ reason: 'The answer has no list of sales.' }]);
      await ran('new', new Date(Date.now() + 1_000));
      expect(await reconcile(input(), now)).toMatchObject({ settled: 1 });
      expect(await queue.parked()).toEqual([]);
    });

    it('lets given-up history rest for an hour, and then goes on', async () => {
      await settled();
      await planHistory(db.pool, accountId, 'new', { from: now, goal: ago(1_000 * HOUR_MS) });
      expect(await reconcile(input(), now)).toMatchObject({ backFills: 1 });
      await workUntil(
        async () => (await queue.counts()).parked === 1,
        async () => {
          throw new SchemaDriftError('The answer has no list of sales.', null);
        },
      );
      expect(await reconcile(input(), now)).toMatchObject({ backFills: 0, settled: 0 });
      const later = new Date(Date.now() + HOUR_MS + MINUTE_MS);
      expect(await reconcile(input(), later)).toMatchObject({ backFills: 1 });
      expect(await queue.parked()).toEqual([]);
      expect(await queue.isRequested({ accountId, pass: 'new', kind: 'back-fill' })).toBe(true);
      await db.pool.query('update checkpoints set history_reached = history_goal');
      expect(await reconcile(input(), now)).toMatchObject({ backFills: 0 });
    });

    it('goes on past an account that it cannot schedule', async () => {
      const said: string[] = [];
      await settled();
      await connect('unknown network', 'gone');
      await ensureSchedules(db, accountId, [{ pass: 'again', cron: 'every full moon', timeZone: 'UTC' }]);
      const log = { ...silentLog, warn: (details: object) => said.push(JSON.stringify(details)) };
      expect(await reconcile(input(log), now)).toMatchObject({ scheduled: 2 });
      expect(said.some((line) => line.includes('There is no network'))).toBe(true);
      expect(said.some((line) => line.includes('again'))).toBe(true);
    });

    it('runs by itself, and goes on after an error', async () => {
      const said: string[] = [];
      const log = { ...silentLog, warn: (_: object, message: string) => said.push(message) };
      await db.pool.query('alter table schedules rename to out_of_reach');
      const reconciler = startReconciler({ ...input(log), everyMs: 20 });
      onTestFinished(() => reconciler.close());
      await expect.poll(() => said.length).toBeGreaterThan(1);
      await db.pool.query('alter table out_of_reach rename to schedules');
      await expect.poll(async () => (await queue.schedules()).length).toBe(2);
      await reconciler.close();
    });
  });
});

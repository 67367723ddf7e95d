import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AccountBusyError, NetworkDownError, RateLimitedError, SchemaDriftError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { openQueue, type SyncJob, type SyncQueue } from '../../workers/queue.ts';
import { type SyncHandler, startWorker, type WorkerInput } from '../../workers/sync-worker.ts';
import { ask } from '../support/embedded.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { QUEUE_PLACES, type QueuePlace } from '../support/queue-places.ts';

const LOCK_MS = 600;
const done = { remaining: false };
const live = (accountId: number, pass = 'new'): SyncJob => ({ accountId, pass, kind: 'live' });
const backFill = (accountId: number, pass = 'new'): SyncJob => ({ accountId, pass, kind: 'back-fill' });

describe.each(QUEUE_PLACES)('the queue on $name', ({ absent, create }) => {
  describe.skipIf(absent)('', () => {
    let place: QueuePlace;
    let queue: SyncQueue;

    beforeAll(async () => {
      place = await create();
      queue = await openQueue({ ...place, backoffMs: 20 });
    });
    afterEach(() => queue.flush());
    afterAll(async () => {
      await queue.close();
      await place.drop();
    });

    /** A worker of this process, which ends with the test. */
    function work(handler: SyncHandler, options: Partial<WorkerInput> = {}) {
      const work = startWorker({ queue, handler, lockMs: LOCK_MS, ...options });
      onTestFinished(() => work.close(0));
      return work;
    }

    /** A worker that notes what it was given and finishes at once. */
    function noting(concurrency = 4): SyncJob[] {
      const seen: SyncJob[] = [];
      work(
        async (job) => {
          seen.push(job);
          return done;
        },
        { concurrency },
      );
      return seen;
    }

    it('runs a pass once that was asked for three times while it waited', async () => {
      for (let times = 0; times < 3; times += 1) await queue.requestSync(live(1));
      await queue.requestSync(live(1, 'settling'));
      await queue.requestSync(backFill(1));
      expect(await queue.counts()).toMatchObject({ waiting: 3 });
      const seen = noting();
      await expect.poll(queue.counts.bind(queue)).toEqual({ waiting: 0, active: 0, delayed: 0, parked: 0 });
      expect(seen).toHaveLength(3);
    });

    it('runs a pass once more that was asked for while it ran', async () => {
      let runs = 0;
      work(async () => {
        runs += 1;
        if (runs === 1) for (let times = 0; times < 2; times += 1) await queue.requestSync(live(1));
        return done;
      });
      await queue.requestSync(live(1));
      expect(await queue.isRequested(live(1))).toBe(true);
      await expect.poll(() => runs).toBe(2);
      await expect.poll(() => queue.isRequested(live(1))).toBe(false);
      expect(runs).toBe(2);
    });

    it('holds a delayed request back, until somebody wants it sooner', async () => {
      const seen = noting();
      await queue.requestSync(live(1), { delayMs: 300 });
      await queue.requestSync(live(2), { delayMs: 60_000 });
      await queue.requestSync(live(2));
      expect(await queue.counts()).toMatchObject({ delayed: 2 });
      await sleep(150);
      expect(seen).toEqual([]);
      await expect.poll(() => seen).toEqual([live(1)]);
      await queue.requestSync(live(2), { sooner: true });
      await expect.poll(() => seen).toEqual([live(1), live(2)]);
    });

    it('takes live passes before history, whichever came first', async () => {
      await queue.requestSync(backFill(1));
      await queue.requestSync(live(2), { priority: 5 });
      await queue.requestSync(live(3));
      const seen = noting(1);
      await expect.poll(() => seen).toEqual([live(3), live(2), backFill(1)]);
    });

    it('goes on with a back-fill as long as something remains', async () => {
      let pieces = 0;
      work(async () => {
        pieces += 1;
        return { remaining: pieces < 2 };
      });
      await queue.requestSync(backFill(1));
      await expect.poll(() => pieces, { timeout: 5_000 }).toBe(2);
      await expect.poll(() => queue.isRequested(backFill(1))).toBe(false);
    });

    it('gives a job back where the network asks to wait or the account is busy, and runs it later', async () => {
      const tries = new Map<number, number[]>();
      work(async ({ accountId }) => {
        const times = [...(tries.get(accountId) ?? []), Date.now()];
        tries.set(accountId, times);
        if (times.length > 1) return done;
        if (accountId === 1) throw new RateLimitedError('Awin asks to wait.', 250);
        throw new AccountBusyError('Account 2 is being synced by another run.');
      });
      await queue.requestSync(live(1));
      await queue.requestSync(live(2));
      await expect.poll(() => [...tries.values()].map((times) => times.length), { timeout: 5_000 }).toEqual([2, 2]);
      const [first = 0, second = 0] = tries.get(1) ?? [];
      expect(second - first).toBeGreaterThanOrEqual(245);
      await expect.poll(queue.counts.bind(queue)).toEqual({ waiting: 0, active: 0, delayed: 0, parked: 0 });
    });

    it('parks what fails again and again, shows it once and runs it when told to', async () => {
      const said: string[] = [];
      const log = { ...silentLog, error: (details: object) => said.push(JSON.stringify(details)) };
      let healed = false;
      let runs = 0;
      work(
        async () => {
          runs += 1;
          if (!healed) throw new NetworkDownError('Awin cannot be reached.');
          return done;
        },
        { log },
      );
      await queue.requestSync(live(7));
      await expect.poll(() => queue.parked(), { timeout: 10_000 }).toHaveLength(1);
      await queue.requestSync(live(7));
      await expect.poll(async () => (await queue.counts()).parked, { timeout: 10_000 }).toBe(2);
      const [parked, ...more] = await queue.parked();
      expect(more).toEqual([]);
      expect(parked).toMatchObject({ job: live(7), reason: 'Awin cannot be reached.', attempts: 5 });
      expect(runs).toBe(10);
      expect(said[0]).toContain('Awin cannot be reached.');
      healed = true;
      if (parked) await queue.retryParked(parked);
      await expect.poll(() => runs).toBe(11);
      expect(await queue.parked()).toEqual([]);
    });

    it('parks at once what trying again cannot help', async () => {
      let runs = 0;
      work(async () => {
        runs += 1;
        throw new SchemaDriftError('The answer has no list of transactions.', null);
      });
      await queue.requestSync(live(1));
      await expect.poll(() => queue.parked()).toMatchObject([{ job: live(1), attempts: 1 }]);
      expect(runs).toBe(1);
    });

    it('keeps, changes and drops schedules under stable ids', async () => {
      const hourly = { accountId: 1, pass: 'new', cron: '17 * * * *', timeZone: 'Europe/Berlin' };
      const nightly = { accountId: 1, pass: 'settling', cron: '5 2 * * *', timeZone: 'America/New_York' };
      for (const schedule of [hourly, hourly, nightly]) await queue.schedule(schedule);
      expect(await queue.schedules()).toEqual(expect.arrayContaining([hourly, nightly]));
      expect(await queue.counts()).toMatchObject({ delayed: 2 });
      await queue.schedule({ ...hourly, cron: '18 * * * *' });
      await queue.unschedule(nightly);
      expect(await queue.schedules()).toEqual([{ ...hourly, cron: '18 * * * *' }]);
      expect(await queue.counts()).toMatchObject({ delayed: 1 });
    });

    it('runs a schedule by the clock of its zone, and a wait becomes one request', async () => {
      const zoneHour = (at: Date) =>
        Number(
          new Intl.DateTimeFormat('en', { timeZone: 'Asia/Kolkata', hour: 'numeric', hourCycle: 'h23' }).format(at),
        );
      const soon = new Date(Date.now() + 1_000);
      // Seconds first: six fields, so that the test does not wait for a minute.
      const cron = `* * ${zoneHour(soon)} * * *`;
      let runs = 0;
      work(async () => {
        runs += 1;
        throw new RateLimitedError('Come back tomorrow.', 86_400_000);
      });
      await queue.schedule({ accountId: 1, pass: 'new', cron, timeZone: 'Asia/Kolkata' });
      await expect.poll(() => runs, { timeout: 6_000 }).toBeGreaterThanOrEqual(2);
      await queue.unschedule({ accountId: 1, pass: 'new' });
      await expect.poll(async () => (await queue.counts()).active).toBe(0);
      expect(await queue.counts()).toMatchObject({ waiting: 0, delayed: 1, parked: 0 });
    });

    it('gives the job of a killed worker to another', async () => {
      const { drop: _, ...where } = place;
      const args = ['--import', 'tsx', 'test/support/queue-worker-process.ts', JSON.stringify(where)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      await queue.requestSync(live(9));
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      expect(JSON.parse(String(line))).toEqual(live(9));
      child.kill('SIGKILL');
      const seen = noting();
      expect(await queue.counts()).toMatchObject({ active: 1 });
      await expect.poll(() => seen, { timeout: 10_000 }).toEqual([live(9)]);
    });

    it('lets running jobs end when it closes, and takes no others', async () => {
      const seen: SyncJob[] = [];
      const working = work(
        async (job) => {
          seen.push(job);
          await sleep(200);
          return done;
        },
        { concurrency: 1 },
      );
      await queue.requestSync(live(1));
      await queue.requestSync(live(2));
      await expect.poll(() => seen).toEqual([live(1)]);
      await working.close();
      expect(seen).toEqual([live(1)]);
      expect(await queue.counts()).toEqual({ waiting: 1, active: 0, delayed: 0, parked: 0 });
    });

    it('aborts what does not end within the grace, and puts it back', async () => {
      let started = false;
      let reason: unknown;
      const working = work(async (_, signal) => {
        started = true;
        await sleep(60_000, undefined, { signal }).finally(() => {
          reason = signal.reason;
        });
        return done;
      });
      await queue.requestSync(live(1));
      await expect.poll(() => started).toBe(true);
      const before = Date.now();
      await working.close(100);
      expect(Date.now() - before).toBeLessThan(3_000);
      expect(reason).toMatchObject({ name: 'AbortError' });
      expect(await queue.counts()).toEqual({ waiting: 1, active: 0, delayed: 0, parked: 0 });
      const seen = noting();
      await expect.poll(() => seen).toEqual([live(1)]);
    });

    it('loses nothing between two workers', async () => {
      const other = await openQueue({ ...place, backoffMs: 20 });
      onTestFinished(() => other.close());
      const seen = new Map<number, number>();
      const handler: SyncHandler = async ({ accountId }) => {
        const runs = (seen.get(accountId) ?? 0) + 1;
        seen.set(accountId, runs);
        if (accountId % 7 === 0 && runs === 1) throw new NetworkDownError('A hiccup.');
        return done;
      };
      work(handler);
      startWorker({ queue: other, handler, lockMs: LOCK_MS });
      await Promise.all(Array.from({ length: 60 }, (_, index) => queue.requestSync(live(index + 1))));
      await expect
        .poll(queue.counts.bind(queue), { timeout: 10_000 })
        .toEqual({ waiting: 0, active: 0, delayed: 0, parked: 0 });
      expect(seen.size).toBe(60);
    });

    it('takes ids only into a job, whatever it is handed', async () => {
      const tooMuch = { ...live(1), credentials: { apiKey: 'planted-secret' } };
      await queue.requestSync(tooMuch);
      const seen = noting();
      await expect.poll(() => seen).toHaveLength(1);
      expect(JSON.stringify(seen)).not.toContain('planted-secret');
    });
  });
});

it('goes on after Postgres has cut every connection', async () => {
  const { url, drop } = await createTestDatabase();
  onTestFinished(drop);
  const queue = await openQueue({ databaseUrl: url });
  onTestFinished(() => queue.close());
  const seen: SyncJob[] = [];
  startWorker({
    queue,
    handler: async (job) => {
      seen.push(job);
      return done;
    },
  });
  await queue.requestSync(live(1));
  await expect.poll(() => seen).toEqual([live(1)]);
  const others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  await ask(url, `select count(pg_terminate_backend(pid)) ${others}`);
  await expect.poll(() => queue.requestSync(live(2)).then(() => 'asked'), { timeout: 5_000 }).toBe('asked');
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual([live(1), live(2)]);
});

it('says in one sentence that a queue cannot be opened, without the password', async () => {
  const redis = openQueue({ databaseUrl: '', redisUrl: 'redis://:hunter2@127.0.0.1:1' });
  await expect(redis).rejects.toThrow(/^The queue in Redis .* cannot be opened: (?!.*hunter2).*ECONNREFUSED/);
  const postgres = openQueue({ databaseUrl: 'postgres://owner:hunter2@127.0.0.1:1/tributary' });
  await expect(postgres).rejects.toThrow(/^The queue in Postgres cannot be opened: (?!.*hunter2).*ECONNREFUSED/);
});

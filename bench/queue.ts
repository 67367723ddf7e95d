import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type JobStorePlace, type JobWorker, openJobStore } from '../workers/job-store.ts';
import { openQueue } from '../workers/queue.ts';
import type { Work } from '../workers/run-jobs.ts';
import type { SyncJob } from '../workers/sync-job.ts';
import type { Bench, Topic } from './bench.ts';
import { type Figure, ratio } from './figure.ts';
import { type Attempt, race, rates } from './race.ts';

const CONCURRENCY = 8;

/** The same jobs, which do nothing, through our queue and through BullMQ alone. */
export const queue: Topic = {
  names: ['queue.postgres', 'queue.redis'],
  async measure(bench) {
    const db = await bench.server.fresh();
    const onPostgres = await compare(bench, 'queue.postgres', { databaseUrl: db.url }, Math.ceil(bench.rows / 20));
    const redis = await startRedis();
    if (!redis) bench.note('queue.redis: skipped, because no redis-server is on the PATH');
    const onRedis = redis
      ? await compare(bench, 'queue.redis', { databaseUrl: db.url, redisUrl: redis.url }, Math.ceil(bench.rows / 5))
      : [];
    await redis?.stop();
    await db.drop();
    return [...onPostgres, ...onRedis];
  },
};

async function compare(bench: Bench, name: string, place: JobStorePlace, count: number): Promise<Figure[]> {
  const jobs = Array.from({ length: count }, (_, accountId): SyncJob => ({ accountId, pass: 'new', kind: 'live' }));
  const seconds = await race(bench.rounds, {
    'BullMQ alone': () => bareJobs(place, jobs),
    'our queue': () => ourJobs(place, jobs),
  });
  bench.note(`${name}, ${CONCURRENCY} at once: ${rates(jobs.length, seconds, 'jobs')}`);
  return [ratio(name, 'of a bare no-op job', [seconds['BullMQ alone'], seconds['our queue']])];
}

async function bareJobs(place: JobStorePlace, jobs: readonly SyncJob[]): Promise<Attempt> {
  const store = await openJobStore(place);
  const waiting = store.queue<SyncJob>({ defaultJobOptions: { removeOnComplete: true } });
  await waiting.addBulk(jobs.map((data) => ({ name: 'sync', data })));
  let worker: JobWorker<SyncJob> | undefined;
  return {
    async work() {
      const { done, count } = countdown(jobs.length);
      worker = store.worker<SyncJob>(async () => count(), { concurrency: CONCURRENCY });
      await done;
    },
    async after() {
      await worker?.close();
      await waiting.obliterate({ force: true });
      await waiting.close();
      await store.close();
    },
  };
}

async function ourJobs(place: JobStorePlace, jobs: readonly SyncJob[]): Promise<Attempt> {
  const ours = await openQueue(place);
  await Promise.all(jobs.map((job) => ours.requestSync(job)));
  let work: Work | undefined;
  return {
    async work() {
      const { done, count } = countdown(jobs.length);
      work = ours.work(async () => count(), { concurrency: CONCURRENCY, verbFor: () => ({ verb: 'park' }) });
      await done;
    },
    async after() {
      await work?.close();
      await ours.flush();
      await ours.close();
    },
  };
}

function countdown(from: number) {
  let left = from;
  let resolve = () => {};
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  const count = () => {
    left -= 1;
    if (left === 0) resolve();
  };
  return { done, count };
}

/** A Redis without a file on disk, or null where this machine has none. */
async function startRedis() {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ready = (async () => {
    for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  })();
  const absent = once(server, 'error').then(() => 'absent');
  if ((await Promise.race([ready, absent])) === 'absent') return null;
  absent.catch(() => {});
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  return typeof address === 'object' && address ? address.port : 0;
}

import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  type JobProgress,
  Queue,
  type QueueOptions,
  runMigrations,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { SetupError } from '../core/errors.ts';

/** Name of the one queue; in Redis it stands behind the prefix `tributary`. */
const NAME = 'sync';
/** A pool that others made can only carry BullMQ's own schema name. */
const SCHEMA = 'bullmq';
const NEVER_ABORTED = new AbortController().signal;
/** A worker holds one connection to listen; four syncs, the lock keeper and requests share the rest. */
const POOL_SIZE = 12;

export type JobQueue<D> = Queue<D, void, string, D, void, string, IQueueBackend, unknown>;
export type JobWorker<D> = Worker<D, void, string, IQueueBackend, JobProgress, unknown>;
export type RunJob<D> = (job: Job<D, void>, token: string, signal: AbortSignal) => Promise<void>;
export type StoreOptions = Omit<QueueOptions, 'connection' | 'prefix'>;

/** Where jobs are kept. Nobody but this file knows which it is. */
export interface JobStore {
  queue<D>(options: StoreOptions): JobQueue<D>;
  worker<D>(run: RunJob<D>, options: Omit<WorkerOptions, 'connection' | 'prefix'>): JobWorker<D>;
  /** After every queue and worker has closed. */
  close(): Promise<void>;
}

export interface JobStorePlace {
  readonly databaseUrl: string;
  /** Absent: jobs live in Postgres, in the schema `bullmq` of the same database. */
  readonly redisUrl?: string | undefined;
  /** Redis only: what its keys start with, for several installations on one server. */
  readonly prefix?: string | undefined;
}

/** Opens the place where jobs live and brings it up to date. Throws a SetupError where it cannot be reached. */
export function openJobStore({ databaseUrl, redisUrl, prefix = 'tributary' }: JobStorePlace): Promise<JobStore> {
  return redisUrl ? openRedisStore(redisUrl, prefix) : openPostgresStore(databaseUrl);
}

/** One pool for all queues and workers: BullMQ's own pools take some fifteen connections a worker. */
async function openPostgresStore(databaseUrl: string): Promise<JobStore> {
  const pool = new pg.Pool({ connectionString: withSearchPath(databaseUrl), max: POOL_SIZE, keepAlive: true });
  pool.setMaxListeners(0); // each queue and worker listens
  pool.on('error', () => {}); // a lost idle connection is not an event: the next query opens another
  try {
    const client = await pool.connect();
    await runMigrations(client, SCHEMA).finally(() => client.release());
  } catch (cause) {
    await pool.end();
    throw new SetupError(`The queue in Postgres cannot be opened: ${messageOf(cause)}`, { cause });
  }
  return storeOf(
    createPostgresBackend as BackendFactory<IQueueBackend, unknown>,
    () => pool,
    '',
    () => pool.end(),
  );
}

/** Requests give up soon, so that a person hears of it; workers wait for Redis to come back. */
async function openRedisStore(redisUrl: string, prefix: string): Promise<JobStore> {
  const requests = new Redis(redisUrl, { maxRetriesPerRequest: 3, lazyConnect: true });
  const work = new Redis(redisUrl, { maxRetriesPerRequest: null, lazyConnect: true });
  let trouble: unknown; // what `connect` rejects with says only that the connection closed
  for (const client of [requests, work]) {
    client.on('error', (error) => {
      trouble = error;
    });
  }
  try {
    await requests.connect();
  } catch (error) {
    requests.disconnect();
    const cause = trouble ?? error;
    throw new SetupError(`The queue in Redis (REDIS_URL) cannot be opened: ${messageOf(cause)}`, { cause });
  }
  return storeOf(
    createRedisBackend as unknown as BackendFactory<IQueueBackend, unknown>,
    (use) => (use === 'work' ? work : requests),
    prefix,
    async () => {
      requests.disconnect();
      work.disconnect();
    },
  );
}

function storeOf(
  backend: BackendFactory<IQueueBackend, unknown>,
  connectionFor: (use: 'requests' | 'work') => unknown,
  prefix: string,
  close: () => Promise<void>,
): JobStore {
  const place = prefix === '' ? {} : { prefix };
  return {
    queue: (options) => new Queue(NAME, { ...options, ...place, connection: connectionFor('requests') }, backend),
    worker: (run, options) =>
      new Worker(
        NAME,
        // Three parameters without defaults: BullMQ counts them, and hands a signal only to such a function.
        (job, token, signal) => run(job, token ?? '', signal ?? NEVER_ABORTED),
        { ...options, ...place, connection: connectionFor('work') },
        backend,
      ),
    close,
  };
}

/** Every connection must start in BullMQ's schema: setting it later would race with the first query. */
function withSearchPath(databaseUrl: string): string {
  const setting = encodeURIComponent(`-c search_path=${SCHEMA}`);
  if (/[?&]options=/.test(databaseUrl)) return databaseUrl.replace(/([?&]options=[^&]*)/, `$1%20${setting}`);
  return `${databaseUrl}${databaseUrl.includes('?') ? '&' : '?'}options=${setting}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

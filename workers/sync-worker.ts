import {
  AccountBusyError,
  CredentialsRefusedError,
  RateLimitedError,
  RequestRefusedError,
  SchemaDriftError,
  StaleRunError,
} from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { SECOND_MS } from '../core/time-window.ts';
import type { SyncQueue } from './queue.ts';
import type { Verb, Work } from './run-jobs.ts';
import type { SyncJob } from './sync-job.ts';

/** Runs one job. `remaining`: a back-fill has more history to read. */
export type SyncHandler = (job: SyncJob, signal: AbortSignal) => Promise<{ remaining: boolean }>;

const BUSY_MS = SECOND_MS;
/** Longer than a busy account is waited for, so that a live pass gets its turn between two pieces of history. */
const BREATH_MS = 2 * SECOND_MS;
const CONCURRENCY = 4;

/** Trying again cannot help: the account is paused, or a person has to look. */
const HOPELESS = [CredentialsRefusedError, SchemaDriftError, RequestRefusedError, StaleRunError];

/** Turns our errors into the queue's verbs. What is not listed may heal: it is tried again, ever more slowly. */
export function verbFor(error: unknown): Verb {
  if (error instanceof RateLimitedError) return { verb: 'later', afterMs: error.retryAfterMs };
  if (error instanceof AccountBusyError) return { verb: 'later', afterMs: BUSY_MS };
  if (HOPELESS.some((kind) => error instanceof kind)) return { verb: 'park' };
  return { verb: 'retry' };
}

export interface WorkerInput {
  readonly queue: SyncQueue;
  readonly handler: SyncHandler;
  readonly log?: Log;
  /** Jobs at once, each of another account. */
  readonly concurrency?: number;
  readonly lockMs?: number;
}

/** Starts taking jobs. `close` of what it returns drains. */
export function startWorker({ queue, handler, concurrency = CONCURRENCY, ...options }: WorkerInput): Work {
  const runAndGoOn = async (job: SyncJob, signal: AbortSignal) => {
    const { remaining } = await handler(job, signal);
    if (remaining && job.kind === 'back-fill') await queue.requestSync(job, { delayMs: BREATH_MS });
  };
  return queue.work(runAndGoOn, { concurrency, verbFor, ...options });
}

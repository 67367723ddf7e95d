import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { type Log, silentLog } from '../core/log.ts';
import { MINUTE_MS, SECOND_MS } from '../core/time-window.ts';
import type { JobStore, JobWorker } from './job-store.ts';
import type { SyncJob } from './sync-job.ts';

/** What becomes of a job whose handler threw: it runs again after a time, after a growing one, or not at all. */
export type Verb =
  | { readonly verb: 'later'; readonly afterMs: number }
  | { readonly verb: 'retry' }
  | { readonly verb: 'park' };

export interface WorkOptions {
  readonly concurrency: number;
  verbFor(error: unknown): Verb;
  readonly log?: Log;
  /** How long a job belongs to a worker that no longer answers. */
  readonly lockMs?: number;
}

export interface Work {
  /** Takes no more jobs and lets the running ones end; after the grace they are aborted and go back to the queue. */
  close(graceMs?: number): Promise<void>;
}

export type RunSync = (job: SyncJob, signal: AbortSignal) => Promise<void>;

/** A job may outlive this many dead workers; the next time it is parked, because it may be what kills them. */
const MAX_STALLED = 3;
/** An aborted handler that does not stop keeps its job: another worker gets it when the lock has run out. */
const ABORT_PATIENCE_MS = 5 * SECOND_MS;

/** Runs jobs in this process until closed. `requestLater` is for jobs of a schedule, which cannot wait themselves. */
export function runJobs(
  store: JobStore,
  handler: RunSync,
  requestLater: (job: SyncJob, delayMs: number) => Promise<void>,
  { concurrency, verbFor, log = silentLog, lockMs = 30 * SECOND_MS }: WorkOptions,
): Work {
  let closing = false;
  const run = async (job: Job<SyncJob, void>, token: string, signal: AbortSignal): Promise<void> => {
    try {
      await handler(job.data, signal);
    } catch (error) {
      if (closing && signal.aborted) return giveBack(job, token);
      const decided = verbFor(error);
      if (decided.verb === 'retry') throw error;
      if (decided.verb === 'park') throw new UnrecoverableError(messageOf(error));
      log.info({ ...job.data, afterMs: decided.afterMs }, messageOf(error));
      // The clock goes on adding jobs while a network asks to wait: they become one request instead of a heap.
      if (job.repeatJobKey) return requestLater(job.data, decided.afterMs);
      await job.moveToDelayed(Date.now() + decided.afterMs, token);
      throw new DelayedError();
    }
  };
  const stalledInterval = lockMs / 2;
  const worker = store.worker(run, {
    concurrency,
    lockDuration: lockMs,
    stalledInterval,
    maxStalledCount: MAX_STALLED,
  });
  watch(worker, log);
  return {
    close: (graceMs = 20 * SECOND_MS) => {
      closing = true;
      return closeWithin(worker, graceMs);
    },
  };
}

/** A store that is down complains many times a second; one line a minute for each complaint is enough. */
export function oncePerMinute(log: Log): (error: Error) => void {
  const saidAt = new Map<string, number>();
  return ({ message }) => {
    if (Date.now() - (saidAt.get(message) ?? 0) < MINUTE_MS) return;
    saidAt.set(message, Date.now());
    log.warn({ reason: message }, 'The queue has trouble with its store and goes on trying.');
  };
}

async function giveBack(job: Job<SyncJob, void>, token: string): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

async function closeWithin(worker: JobWorker<SyncJob>, graceMs: number): Promise<void> {
  const abort = setTimeout(() => worker.cancelAllJobs(), graceMs);
  let patience: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    patience = setTimeout(resolve, graceMs + ABORT_PATIENCE_MS);
  });
  await Promise.race([worker.close(), enough]);
  clearTimeout(abort);
  clearTimeout(patience);
}

function watch(worker: JobWorker<SyncJob>, log: Log): void {
  worker.on('error', oncePerMinute(log));
  worker.on('lockRenewalFailed', (ids) => {
    // Another worker may have the job by now: what this one does with it is in vain.
    for (const id of ids) worker.cancelJob(id);
  });
  worker.on('failed', (job, error) => {
    const details = { ...job?.data, attempt: job?.attemptsMade, reason: error.message };
    if (job && !job.finishedOn) log.warn(details, 'A sync failed and will be tried again.');
    else log.error(details, 'A sync was given up and is parked.');
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

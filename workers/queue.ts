import type { Job } from 'bullmq';
import { type Log, silentLog } from '../core/log.ts';
import { DAY_MS, SECOND_MS } from '../core/time-window.ts';
import { type JobQueue, type JobStore, type JobStorePlace, openJobStore } from './job-store.ts';
import { oncePerMinute, type RunSync, runJobs, type Work, type WorkOptions } from './run-jobs.ts';
import { idsOf, keyOf, type ParkedJob, type Schedule, type SyncJob, scheduleId } from './sync-job.ts';

export type { ParkedJob, Schedule, SyncJob } from './sync-job.ts';

interface QueueOptions extends JobStorePlace {
  readonly log?: Log;
  /** Wait before the second attempt; it doubles with each. */
  readonly backoffMs?: number;
}

interface RequestOptions {
  readonly delayMs?: number;
  /** Small numbers go first, and none (0) before any: live passes have none. */
  readonly priority?: number;
  /** Brings forward one that waits for its time: an owner asked, not the clock. */
  readonly sooner?: boolean;
}

const ATTEMPTS = 5;
const BACK_FILL_PRIORITY = 10;
const MAX_PARKED = 1_000;

/** Opens the queue and brings it up to date. Throws a SetupError where it cannot be reached. */
export async function openQueue(options: QueueOptions): Promise<SyncQueue> {
  return new SyncQueue(await openJobStore(options), options);
}

/** What the rest of Tributary may want of a queue, in our words. */
export class SyncQueue {
  readonly #store: JobStore;
  readonly #jobs: JobQueue<SyncJob>;
  readonly #works = new Set<Work>();

  constructor(
    store: JobStore,
    { log = silentLog, backoffMs = 30 * SECOND_MS }: Pick<QueueOptions, 'log' | 'backoffMs'>,
  ) {
    this.#store = store;
    this.#jobs = store.queue({
      defaultJobOptions: {
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: backoffMs, jitter: 0.3 },
        removeOnComplete: true, // table runs has the history
        removeOnFail: { count: MAX_PARKED, age: (30 * DAY_MS) / SECOND_MS },
        stackTraceLimit: 5,
      },
    });
    this.#jobs.on('error', oncePerMinute(log));
  }

  /** Asks for a pass to run. Asked twice while it waits, it runs once; asked while it runs, it runs once more. */
  async requestSync(job: SyncJob, { delayMs = 0, priority, sooner = false }: RequestOptions = {}): Promise<void> {
    await this.#jobs.add('sync', idsOf(job), {
      delay: delayMs,
      priority: priority ?? (job.kind === 'back-fill' ? BACK_FILL_PRIORITY : 0),
      deduplication: { id: keyOf(job), keepLastIfActive: true, reschedule: sooner },
    });
  }

  /** Whether a request for this pass is waiting or running. A flushed queue may still know its key: the job decides. */
  async isRequested(job: SyncJob): Promise<boolean> {
    const id = await this.#jobs.getDeduplicationJobId(keyOf(job));
    return id !== null && (await this.#jobs.getJobState(id)) !== 'unknown';
  }

  /** Sets when a pass runs. Leave an equal one alone: setting it anew skips a run that is overdue. */
  async schedule({ accountId, pass, cron, timeZone }: Schedule): Promise<void> {
    const data: SyncJob = { accountId, pass, kind: 'live' };
    const timing = { pattern: cron, tz: timeZone };
    await this.#jobs.upsertJobScheduler(scheduleId({ accountId, pass }), timing, { name: 'sync', data });
  }

  async unschedule(schedule: Pick<Schedule, 'accountId' | 'pass'>): Promise<void> {
    await this.#jobs.removeJobScheduler(scheduleId(schedule));
  }

  async schedules(): Promise<Schedule[]> {
    const found = await this.#jobs.getJobSchedulers();
    return found.flatMap(({ template, pattern, tz }) => {
      if (!template?.data || !pattern || !tz) return [];
      return [{ accountId: template.data.accountId, pass: template.data.pass, cron: pattern, timeZone: tz }];
    });
  }

  /** Runs jobs in this process until closed. */
  work(handler: RunSync, options: WorkOptions): Work {
    const requestLater = (job: SyncJob, delayMs: number) => this.requestSync(job, { delayMs });
    const running = runJobs(this.#store, handler, requestLater, options);
    const work: Work = {
      close: (graceMs) => {
        this.#works.delete(work);
        return running.close(graceMs);
      },
    };
    this.#works.add(work);
    return work;
  }

  /** What was given up, newest first, one for each account, pass and kind. */
  async parked(): Promise<ParkedJob[]> {
    const all = (await this.#failed()).map(parkedFrom).sort((a, b) => b.parkedAt.getTime() - a.parkedAt.getTime());
    const seen = new Set<string>();
    return all.filter(({ job }) => !seen.has(keyOf(job)) && seen.add(keyOf(job)));
  }

  /** Requests a parked job again. */
  async retryParked({ job }: Pick<ParkedJob, 'job'>): Promise<void> {
    await this.requestSync(job);
    await this.forgetParked({ job });
  }

  /** Takes a parked job, and older ones of the same account, pass and kind, out of sight. */
  async forgetParked({ job }: Pick<ParkedJob, 'job'>): Promise<void> {
    for (const failed of await this.#failed()) {
      if (keyOf(failed.data) === keyOf(job)) await failed.remove();
    }
  }

  /** `delayed` counts the next run of every schedule too. */
  async counts(): Promise<{ waiting: number; active: number; delayed: number; parked: number }> {
    const counts = await this.#jobs.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed');
    const of = (state: string) => counts[state] ?? 0;
    return {
      waiting: of('waiting') + of('prioritized'),
      active: of('active'),
      delayed: of('delayed'),
      parked: of('failed'),
    };
  }

  /** Forgets everything, schedules included. The reconciler builds it up again from Postgres. */
  async flush(): Promise<void> {
    await this.#jobs.obliterate({ force: true });
    await this.#jobs.resume();
  }

  /** Drains the workers of this process first. */
  async close(): Promise<void> {
    await Promise.all([...this.#works].map((work) => work.close()));
    await this.#jobs.close();
    await this.#store.close();
  }

  async #failed(): Promise<Job<SyncJob, void>[]> {
    return this.#jobs.getJobs(['failed'], 0, MAX_PARKED);
  }
}

function parkedFrom(job: Job<SyncJob, void>): ParkedJob {
  return {
    id: String(job.id),
    job: idsOf(job.data),
    reason: job.failedReason ?? '',
    attempts: job.attemptsMade,
    parkedAt: new Date(job.finishedOn ?? job.timestamp),
  };
}

import type { Connector } from '../connectors/contract.ts';
import { type Log, silentLog } from '../core/log.ts';
import { HOUR_MS, MINUTE_MS } from '../core/time-window.ts';
import type { Database } from '../db/client.ts';
import { type Account, listAccounts } from '../db/queries/accounts.ts';
import { type EnabledSchedule, enabledSchedules, ensureSchedules, openBackFills } from '../db/queries/schedules.ts';
import { passesOf } from './pass-run.ts';
import type { ParkedJob, Schedule, SyncJob, SyncQueue } from './queue.ts';
import { nextDue, scheduleFor } from './schedule.ts';
import { keyOf, scheduleId } from './sync-job.ts';

interface ReconcileInput {
  readonly db: Database;
  readonly queue: SyncQueue;
  connectorById(id: string): Connector;
  readonly log?: Log;
}

/** What a reconciliation did; all zeros where queue and database agreed. */
interface Reconciled {
  readonly scheduled: number;
  readonly unscheduled: number;
  readonly caughtUp: number;
  readonly backFills: number;
  readonly settled: number;
}

/** A schedule that is due gets this long to be taken up before somebody else asks for its pass. */
const GRACE_MS = 10 * MINUTE_MS;
/** History that was given up is tried again by itself, but not so often that it annoys the network. */
const BACK_FILL_REST_MS = HOUR_MS;

/**
 * Makes the queue what Postgres says it should be, for Postgres is the truth: schedules of active accounts under stable
 * ids and no others, history going on, passes caught up that were due while nothing ran, parked jobs gone that have been
 * settled since. Run twice, it changes nothing; run after the queue has lost everything, it rebuilds all of it. What fails
 * for one account is logged and does not keep the others from their turn.
 */
export async function reconcile(input: ReconcileInput, now: Date): Promise<Reconciled> {
  const { db, queue } = input;
  const accounts = await listAccounts(db);
  for (const account of accounts) await ensureItsSchedules(input, account);
  const wanted = await enabledSchedules(db);
  const histories = (await openBackFills(db)).map((open): SyncJob => ({ ...open, kind: 'back-fill' }));
  const parked = new Map((await queue.parked()).map((job) => [keyOf(job.job), job]));
  const isSettled = settledBy(accounts, wanted, histories);
  return {
    ...(await matchSchedules(input, wanted)),
    settled: await forEachOf(input, [...parked.values()].filter(isSettled), (job) => queue.forgetParked(job)),
    caughtUp: await forEachOf(input, wanted, (schedule) => catchUp(queue, schedule, parked, now)),
    backFills: await forEachOf(input, histories, (job) => goOnWith(queue, job, parked, now)),
  };
}

/** Reconciles now and every minute. `close` waits for one that is under way. */
export function startReconciler(input: ReconcileInput & { readonly everyMs?: number }): { close(): Promise<void> } {
  const { log = silentLog, everyMs = MINUTE_MS } = input;
  const once = async () => {
    try {
      const done = await reconcile(input, new Date());
      if (done.scheduled + done.unscheduled + done.caughtUp + done.settled > 0) log.info(done, 'schedules reconciled');
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'Schedules could not be reconciled; it is tried again in a minute.');
    }
  };
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay = Promise.resolve();
  const turn = () => {
    underWay = once().then(() => {
      if (!isClosed) timer = setTimeout(turn, everyMs);
    });
  };
  turn();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      return underWay;
    },
  };
}

/** An account that was connected by an older version may lack the schedule of a new pass. */
async function ensureItsSchedules(input: ReconcileInput, { id, network, timeZone, state }: Account): Promise<void> {
  if (state !== 'active') return;
  await attempt(input, { account: id, network }, async () => {
    const passes = passesOf(input.connectorById(network));
    await ensureSchedules(
      input.db,
      id,
      passes.map((pass) => ({ pass: pass.name, ...scheduleFor(id, pass, timeZone) })),
    );
    return true;
  });
}

async function matchSchedules(input: ReconcileInput, wanted: readonly EnabledSchedule[]) {
  const { queue } = input;
  const present = new Map((await queue.schedules()).map((schedule) => [scheduleId(schedule), schedule]));
  const isPresent = (schedule: Schedule) => {
    const known = present.get(scheduleId(schedule));
    return known?.cron === schedule.cron && known.timeZone === schedule.timeZone;
  };
  const missing = wanted.filter((schedule) => !isPresent(schedule));
  for (const schedule of wanted) present.delete(scheduleId(schedule));
  return {
    scheduled: await forEachOf(input, missing, (schedule) => queue.schedule(schedule)),
    unscheduled: await forEachOf(input, [...present.values()], (schedule) => queue.unschedule(schedule)),
  };
}

/** Whether a parked job has nothing left to do: its account is gone, its pass has gone well since, its history is read. */
function settledBy(accounts: readonly Account[], wanted: readonly EnabledSchedule[], histories: readonly SyncJob[]) {
  const stateOf = new Map(accounts.map(({ id, state }) => [id, state]));
  const doneAt = new Map(wanted.map((schedule) => [scheduleId(schedule), schedule.lastDoneAt]));
  const open = new Set(histories.map(keyOf));
  return ({ job, parkedAt }: ParkedJob): boolean => {
    const state = stateOf.get(job.accountId);
    if (state === undefined) return true;
    if (job.kind === 'back-fill') return state === 'active' && !open.has(keyOf(job));
    return (doneAt.get(scheduleId(job)) ?? parkedAt) > parkedAt;
  };
}

/** Requests a pass that should have run since it last did, or never has. A run that failed counts: its retry is the queue's. */
async function catchUp(
  queue: SyncQueue,
  schedule: EnabledSchedule,
  parked: ReadonlyMap<string, ParkedJob>,
  now: Date,
): Promise<boolean> {
  const job: SyncJob = { accountId: schedule.accountId, pass: schedule.pass, kind: 'live' };
  const tried = [schedule.lastDoneAt, schedule.lastStartedAt, parked.get(keyOf(job))?.parkedAt];
  const last = Math.max(...tried.map((at) => at?.getTime() ?? 0));
  if (last > 0 && nextDue(schedule, new Date(last)).getTime() > now.getTime() - GRACE_MS) return false;
  if (await queue.isRequested(job)) return false;
  await queue.requestSync(job);
  return true;
}

async function goOnWith(
  queue: SyncQueue,
  job: SyncJob,
  parked: ReadonlyMap<string, ParkedJob>,
  now: Date,
): Promise<boolean> {
  const given = parked.get(keyOf(job));
  if (given && given.parkedAt.getTime() > now.getTime() - BACK_FILL_REST_MS) return false;
  if (await queue.isRequested(job)) return false;
  await (given ? queue.retryParked(given) : queue.requestSync(job));
  return true;
}

/** Does one thing for each; returns for how many it was done. */
async function forEachOf<T extends object>(
  input: ReconcileInput,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<number> {
  let count = 0;
  for (const item of items) if (await attempt(input, item, async () => (await work(item)) !== false)) count += 1;
  return count;
}

async function attempt(
  { log = silentLog }: ReconcileInput,
  about: object,
  work: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    log.warn({ ...about, reason: messageOf(error) }, 'A schedule could not be reconciled.');
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

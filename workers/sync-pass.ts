import type { Question } from '../connectors/contract.ts';
import { StaleRunError } from '../core/errors.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { withAccountLock } from '../db/account-lock.ts';
import { type Account, findAccount } from '../db/queries/accounts.ts';
import { closeHistoryWindow, closePass, closeWindow, noteGap, readCheckpoints } from '../db/queries/checkpoints.ts';
import { openIds } from '../db/queries/open-ids.ts';
import { beginRun } from '../db/queries/runs.ts';
import type { Engine } from './engine.ts';
import { findPass, openConnection, type PassRun } from './pass-run.ts';
import { historyWindow, livePlan } from './plan.ts';
import { READERS } from './read-streams.ts';
import { settleDone, settleFailed } from './settle-run.ts';
import type { SyncJob } from './sync-job.ts';

export interface SyncResult {
  /** A back-fill has more history to read. */
  readonly remaining: boolean;
}

/** A back-fill gives way after so long, so that live passes of the account get their turn. */
const HISTORY_SLICE_MS = 20_000;
const NEVER = new AbortController().signal;

/**
 * Runs one pass of one account. Safe to run again from any point, and as often as the queue likes: a page, its history and
 * its roll-ups commit together, and a window counts as read only when all of its pages are. Throws our typed errors, after
 * the account and the run have been told.
 */
export async function syncPass(engine: Engine, job: SyncJob, signal = NEVER): Promise<SyncResult> {
  return withAccountLock(engine.db, job.accountId, async () => {
    const account = await findAccount(engine.db, job.accountId);
    if (!account) throw new StaleRunError(`Account ${job.accountId} is no longer there.`);
    if (account.state === 'paused') return { remaining: false };
    return runPass(engine, account, job, signal);
  });
}

async function runPass(engine: Engine, account: Account, job: SyncJob, signal: AbortSignal): Promise<SyncResult> {
  const run = await beginRun(engine.db, {
    accountId: account.id,
    pass: job.pass,
    kind: job.kind,
    at: engine.clock.now(),
  });
  const read = { calls: 0, pages: 0, rows: 0 };
  try {
    const connection = await openConnection(engine, account, signal);
    const found = findPass(connection.connector, job.pass);
    const it: PassRun = { engine, account, ...connection, ...found, run, kind: job.kind, read, signal };
    const remaining = await (job.kind === 'live' ? readLive(it) : readHistory(it));
    await settleDone(engine, run, job.pass, { ...read, calls: connection.http.calls });
    return { remaining };
  } catch (error) {
    throw await settleFailed(engine, run, job.pass, read, signal.aborted ? signal.reason : error);
  }
}

async function readLive(it: PassRun): Promise<false> {
  const { engine, account, pass, run } = it;
  const checkpoint = (await readCheckpoints(engine.db, account.id)).get(pass.name);
  const plan = livePlan(pass, checkpoint, account.connectedAt, engine.clock.now());
  if (plan.gap) await noteGap(engine.db, account.id, pass.name, plan.gap);
  if (pass.by === 'list') {
    await ask(it, { start: plan.until, end: plan.until });
  } else if (pass.by === 'open-ids') {
    await askForOpenIds(it, plan.until);
  } else {
    for (const window of plan.windows) {
      await ask(it, window);
      await closeWindow(engine.db, run, pass.name, window, countsOf(it));
    }
  }
  await closePass(engine.db, run, pass.name, plan.until, engine.clock.now());
  return false;
}

async function readHistory(it: PassRun): Promise<boolean> {
  const { engine, account, pass, run } = it;
  const startedAt = performance.now();
  while (true) {
    const window = historyWindow(pass, (await readCheckpoints(engine.db, account.id)).get(pass.name));
    if (!window) return false;
    if (performance.now() - startedAt > HISTORY_SLICE_MS) return true;
    await ask(it, window);
    await closeHistoryWindow(engine.db, run, pass.name, window, countsOf(it));
  }
}

async function askForOpenIds(it: PassRun, until: Date): Promise<void> {
  const { engine, account, pass } = it;
  const statuses = pass.openStatuses ?? ['pending', 'approved'];
  const lots = openIds(engine.db, account.id, { statuses, size: pass.idsPerQuestion ?? 1 });
  for await (const ids of lots) await ask(it, { start: until, end: until }, ids);
}

async function ask(it: PassRun, window: TimeWindow, ids: readonly string[] = []): Promise<void> {
  it.signal.throwIfAborted();
  const question: Question = { ...window, pass: it.pass, ids };
  await READERS[it.stream](it, question);
}

function countsOf({ read, http }: PassRun) {
  return { ...read, calls: http.calls };
}

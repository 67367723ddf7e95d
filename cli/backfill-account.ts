import { RateLimitedError } from '../core/errors.ts';
import { addDays, MINUTE_MS, SECOND_MS } from '../core/time-window.ts';
import type { Account } from '../db/queries/accounts.ts';
import { passProgress } from '../db/queries/status.ts';
import { planBackfill } from '../workers/connect-account.ts';
import { passesOf } from '../workers/pass-run.ts';
import { syncPass } from '../workers/sync-pass.ts';
import { type BackfillProgress, backfillProgress, type HistoryFacts } from './backfill-progress.ts';
import { whenFree } from './busy.ts';
import type { Session } from './session.ts';

/** Longer waits are for the queue, or for a later run of the command. */
const LONGEST_WAIT_MS = 10 * MINUTE_MS;
const LOOK_MS = SECOND_MS;

/** Where the history of an account stands; with `days`, where it would stand if it were to go that deep. Stores nothing. */
export async function backfillPlan(
  { db, engine }: Session,
  account: Account,
  days?: number,
): Promise<BackfillProgress[]> {
  const connector = engine.connectorById(account.network);
  const kept = new Map((await passProgress(db, account.id)).map((progress) => [progress.pass, progress]));
  return passesOf(connector).flatMap((pass) => {
    const wanted = days === undefined || pass.historyDays === undefined ? null : Math.min(days, pass.historyDays);
    const facts = wanted === null ? kept.get(pass.name) : deeper(kept.get(pass.name), account.connectedAt, wanted);
    return backfillProgress(pass, facts, account, connector) ?? [];
  });
}

function deeper(kept: HistoryFacts | undefined, connectedAt: Date, days: number): HistoryFacts {
  return {
    historyReached: kept?.historyReached ?? connectedAt,
    historyGoal: addDays(connectedAt, -days),
    backfillCalls: kept?.backfillCalls ?? 0,
  };
}

/**
 * Reads the history of an account until nothing is left. Every window that is read is stored with how far it goes, so that
 * it may be stopped at any moment. Throws a RateLimitedError where the network wants to be left alone for long.
 */
export async function backfill(
  session: Session,
  account: Account,
  { days, onProgress = () => {} }: { days?: number | undefined; onProgress?: (progress: BackfillProgress[]) => void },
): Promise<BackfillProgress[]> {
  const { db, engine } = session;
  const connector = engine.connectorById(account.network);
  if (days !== undefined) await planBackfill(db, connector, account, days);
  const look = setInterval(() => {
    backfillPlan(session, account).then(onProgress, () => {}); // a look that fails is no failure of the work
  }, LOOK_MS);
  try {
    for (const { pass, windowsLeft } of await backfillPlan(session, account)) {
      let remaining = windowsLeft > 0;
      while (remaining) remaining = await readSlice(session, account, pass);
    }
  } finally {
    clearInterval(look);
  }
  return backfillPlan(session, account);
}

async function readSlice(session: Session, { id }: Account, pass: string): Promise<boolean> {
  const { engine, signal } = session;
  try {
    const job = { accountId: id, pass, kind: 'back-fill' } as const;
    const { remaining } = await whenFree(session, { wait: true }, () => syncPass(engine, job, signal));
    return remaining;
  } catch (error) {
    if (!(error instanceof RateLimitedError) || error.retryAfterMs > LONGEST_WAIT_MS) throw error;
    await engine.clock.sleep(error.retryAfterMs, signal);
    return true;
  }
}

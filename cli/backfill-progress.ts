import type { Connector, Pass } from '../connectors/contract.ts';
import { DAY_MS } from '../core/time-window.ts';
import type { Account } from '../db/queries/accounts.ts';
import type { PassProgress } from '../db/queries/status.ts';
import { type BackfillEstimate, backfillEstimate } from '../workers/plan.ts';

/** How far one pass has read history, and what the rest costs. */
export interface BackfillProgress extends BackfillEstimate {
  readonly pass: string;
  readonly reached: Date;
  readonly goal: Date;
}

export type HistoryFacts = Pick<PassProgress, 'historyReached' | 'historyGoal' | 'backfillCalls'>;

/** What the history of a pass still costs, by what it has cost so far; null where none was planned. */
export function backfillProgress(
  pass: Pass,
  progress: HistoryFacts | undefined,
  { connectedAt }: Pick<Account, 'connectedAt'>,
  { limits }: Pick<Connector, 'limits'>,
): BackfillProgress | null {
  const { historyReached: reached, historyGoal: goal, backfillCalls: calls = 0 } = progress ?? {};
  if (!reached || !goal) return null;
  const windowsDone = (connectedAt.getTime() - reached.getTime()) / DAY_MS / pass.maxWindowDays;
  const callsPerWindow = windowsDone >= 1 && calls > 0 ? calls / windowsDone : 1;
  const checkpoint = { historyReached: reached, historyGoal: goal };
  return { pass: pass.name, reached, goal, ...backfillEstimate(pass, checkpoint, connectedAt, limits, callsPerWindow) };
}

/** `62 % of history, at least 14 calls and 2 min left` */
export function backfillWords({ done, callsLeft, minutesLeft }: BackfillEstimate): string {
  if (done >= 1) return 'history is complete';
  return `${Math.floor(done * 100)} % of history, at least ${callsLeft} calls and ${minutesLeft} min left`;
}

import type { Limits, Pass } from '../connectors/contract.ts';
import { addDays, DAY_MS, later, SECOND_MS, splitWindow, type TimeWindow } from '../core/time-window.ts';
import type { Checkpoint } from '../db/queries/checkpoints.ts';

export interface LivePlan {
  /** The questions to ask, oldest first. Their last end is how far the pass is complete afterwards. */
  readonly windows: readonly TimeWindow[];
  readonly until: Date;
  /** What the network no longer tells because we were away for longer than its history reaches. */
  readonly gap: TimeWindow | null;
}

/**
 * Which windows a live pass asks for now. It starts a look-back before its checkpoint, because rows appear and change
 * late; an interrupted sweep goes on where it stopped; and no question reaches further back than the network's history.
 */
export function livePlan(pass: Pass, checkpoint: Checkpoint | undefined, connectedAt: Date, now: Date): LivePlan {
  const until = wholeSecond(now);
  const asked = checkpoint?.resumeFrom ?? checkpoint?.completeUntil ?? null; // up to here, nothing is missing
  const from = checkpoint?.resumeFrom ?? addDays(asked ?? connectedAt, -pass.lookbackDays);
  const reach = pass.historyDays === undefined ? from : addDays(until, -pass.historyDays);
  return {
    windows: splitWindow({ start: startOf(pass, later(from, reach)), end: until }, pass.maxWindowDays),
    until,
    gap: asked && reach > asked && pass.historyDays !== undefined ? { start: asked, end: reach } : null,
  };
}

/** The next window of a back-fill, which walks backwards so that the newest money is seen first; null: it is done. */
export function historyWindow(pass: Pass, checkpoint: Checkpoint | undefined): TimeWindow | null {
  const { historyReached: end, historyGoal: goal } = checkpoint ?? {};
  if (!end || !goal || end <= goal) return null;
  return { start: later(startOf(pass, addDays(end, -pass.maxWindowDays)), goal), end };
}

export interface BackfillEstimate {
  readonly windowsLeft: number;
  /** At least: a window may take several pages. */
  readonly callsLeft: number;
  readonly minutesLeft: number;
  /** 0 to 1. */
  readonly done: number;
}

/** Share of the network's quota that a back-fill plans with; the rest is for live passes. */
const BACKFILL_SHARE = 0.5;

/** What a back-fill still costs, from how far it is and from the calls that a window has taken so far (1 if unknown). */
export function backfillEstimate(
  pass: Pass,
  checkpoint: Pick<Checkpoint, 'historyReached' | 'historyGoal'> | undefined,
  connectedAt: Date,
  limits: Limits,
  callsPerWindow = 1,
): BackfillEstimate {
  const { historyReached: reached, historyGoal: goal } = checkpoint ?? {};
  if (!reached || !goal) return { windowsLeft: 0, callsLeft: 0, minutesLeft: 0, done: 1 };
  const leftDays = Math.max(0, (reached.getTime() - goal.getTime()) / DAY_MS);
  const allDays = Math.max(leftDays, (connectedAt.getTime() - goal.getTime()) / DAY_MS);
  const windowsLeft = Math.ceil(leftDays / pass.maxWindowDays);
  const callsLeft = Math.ceil(windowsLeft * callsPerWindow);
  const perMinute = Math.min(limits.perMinute ?? 60, (limits.perHour ?? 3_600) / 60, (limits.perDay ?? 86_400) / 1_440);
  return {
    windowsLeft,
    callsLeft,
    minutesLeft: Math.ceil(callsLeft / (perMinute * BACKFILL_SHARE)),
    done: allDays === 0 ? 1 : 1 - leftDays / allDays,
  };
}

/** Reports of whole days are asked for from the start of a day. */
function startOf(pass: Pass, at: Date): Date {
  return pass.by === 'snapshot-day' ? new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS) : wholeSecond(at);
}

/** Networks take times without fractions: what a fraction would cut off is asked for again next time. */
function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / SECOND_MS) * SECOND_MS);
}

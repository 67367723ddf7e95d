import { DAY_MS, HOUR_MS } from './time-window.ts';

export type HealthState = 'fresh' | 'late' | 'zero is normal' | 'broken' | 'paused';
export type BrokenReason = 'key refused' | 'quota' | 'network down' | 'schema drift' | 'our fault';

/** How far an account can be trusted at this moment, and why. */
export interface Health {
  readonly state: HealthState;
  /** `broken` only. */
  readonly reason: BrokenReason | null;
  /** A sentence for the owner where the state alone leaves a question. */
  readonly detail: string | null;
}

/** What health is judged by. */
export interface AccountFacts {
  readonly state: 'active' | 'paused';
  /** Code of the error that the account is in. */
  readonly troubleCode: string | null;
  /** The passes that are scheduled. */
  readonly passes: readonly ScheduledPass[];
  /** Of the newest conversions: when the last one happened, and the mean time from one to the next. */
  readonly lastConversionAt: Date | null;
  readonly usualGapMs: number | null;
}

export interface ScheduledPass {
  readonly name: string;
  readonly every: 'hour' | 'night' | 'week';
  readonly lastDoneAt: Date | null;
}

const CADENCE_MS = { hour: HOUR_MS, night: DAY_MS, week: 7 * DAY_MS } as const;
/** A pass may miss its turn twice, for a network's bad night, before it is called late. */
const TURNS_MISSED = 2;
/** Silence is told only when it is this much longer than usual, and never within a day. */
const SILENCE_FACTOR = 3;
const SHORTEST_SILENCE_MS = DAY_MS;

const REASONS: Readonly<Record<string, BrokenReason>> = {
  credentials: 'key refused',
  quota: 'quota',
  network: 'network down',
  drift: 'schema drift',
};

/**
 * The state of an account. Whatever stops it comes first, because a figure that cannot move is the worst to trust; an
 * account that was paused by a refused key is broken, one that its owner has paused is paused.
 */
export function healthOf(facts: AccountFacts, now: Date): Health {
  if (facts.troubleCode !== null) {
    return { state: 'broken', reason: REASONS[facts.troubleCode] ?? 'our fault', detail: null };
  }
  if (facts.state === 'paused') return plain('paused', 'Nothing is read until somebody resumes it.');
  const late = facts.passes.find((pass) => isLate(pass, now));
  if (late) return plain('late', lateness(late));
  return silence(facts, now) ?? plain('fresh', null);
}

/** The state in the words of a table: `fresh`, `broken: key refused`. */
export function healthWords({ state, reason }: Pick<Health, 'state' | 'reason'>): string {
  return reason ? `${state}: ${reason}` : state;
}

/** A pass that has never been done leaves the figures as incomplete as one that is overdue. */
function isLate({ every, lastDoneAt }: ScheduledPass, now: Date): boolean {
  return lastDoneAt === null || now.getTime() - lastDoneAt.getTime() > CADENCE_MS[every] * (1 + TURNS_MISSED);
}

function lateness({ name, lastDoneAt }: ScheduledPass): string {
  return lastDoneAt
    ? `The pass "${name}" was last done at ${lastDoneAt.toISOString()}.`
    : `Its first sync is not finished: the pass "${name}" has not been done yet.`;
}

function silence({ lastConversionAt, usualGapMs }: AccountFacts, now: Date): Health | null {
  if (lastConversionAt === null)
    return plain('zero is normal', 'The network answers, and has no conversions to tell of.');
  const silentMs = now.getTime() - lastConversionAt.getTime();
  if (silentMs <= Math.max(SHORTEST_SILENCE_MS, SILENCE_FACTOR * (usualGapMs ?? 0))) return null;
  const since = lastConversionAt.toISOString().slice(0, 10);
  const usual = usualGapMs === null ? '' : ` Usually one comes every ${inWords(usualGapMs)}.`;
  return plain('zero is normal', `The network answers, and tells of no conversion since ${since}.${usual}`);
}

function inWords(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.round(ms / DAY_MS)} days`;
  return ms >= 2 * HOUR_MS ? `${Math.round(ms / HOUR_MS)} hours` : 'hour or two';
}

function plain(state: HealthState, detail: string | null): Health {
  return { state, reason: null, detail };
}

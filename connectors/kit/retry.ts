import type { Clock } from '../../core/clock.ts';
import { NetworkDownError, RateLimitedError } from '../../core/errors.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/time-window.ts';

/** A call that fails for good has been tried four times over 21 seconds. No jitter: each account has its own rhythm. */
const BACKOFF_MS = [1 * SECOND_MS, 4 * SECOND_MS, 16 * SECOND_MS] as const;
const MAX_THROTTLES = 3;
/** A longer wait is not slept through: the job goes back to the queue and its worker takes another. */
export const LONGEST_WAIT_MS = MINUTE_MS;
const DEFAULT_THROTTLE_MS = MINUTE_MS;

export interface Persistence {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Over all attempts and the pauses between them; waits that the network asked for do not count. */
  readonly deadlineMs: number;
  /** A call that changes something at the network is made once. */
  readonly repeatable: boolean;
  /** Waits for a slot before every attempt; the returned function gives it back. */
  take(): Promise<() => void>;
}

/** Tries until an answer stands, an error is final, or patience ends. The class of the error decides what happens. */
export async function persist<T>(
  { clock, signal, deadlineMs, repeatable, take }: Persistence,
  attempt: (remainingMs: number) => Promise<T>,
): Promise<T> {
  let failures = 0;
  let throttles = 0;
  let spentMs = 0;
  for (;;) {
    const giveBack = await take();
    const started = clock.now().getTime();
    let failure: unknown;
    try {
      return await attempt(deadlineMs - spentMs);
    } catch (error) {
      failure = error;
    } finally {
      giveBack();
    }
    spentMs += clock.now().getTime() - started;
    if (!repeatable) throw failure;
    if (failure instanceof RateLimitedError && failure.retryAfterMs <= LONGEST_WAIT_MS && throttles < MAX_THROTTLES) {
      throttles += 1;
      await clock.sleep(failure.retryAfterMs, signal);
      continue;
    }
    const pauseMs = failure instanceof NetworkDownError ? BACKOFF_MS[failures] : undefined;
    if (pauseMs === undefined || spentMs + pauseMs >= deadlineMs) throw failure;
    failures += 1;
    spentMs += pauseMs;
    await clock.sleep(pauseMs, signal);
  }
}

/** `Retry-After` as seconds or as an HTTP date; a minute where it is missing or cannot be read. */
export function retryAfterMs(header: string | undefined, now: Date): number {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.max(Math.ceil(Number(text) * SECOND_MS), SECOND_MS);
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? DEFAULT_THROTTLE_MS : Math.max(at - now.getTime(), SECOND_MS);
}

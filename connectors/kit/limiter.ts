import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { RateLimitedError } from '../../core/errors.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/time-window.ts';
import type { Connector, Limits } from '../contract.ts';
import { secretFields } from './redact.ts';
import { LONGEST_WAIT_MS } from './retry.ts';

/** Keeps all calls with one key within what its network allows. */
export interface Limiter {
  /**
   * Waits for a slot, before every attempt; the returned function gives the parallel slot back. A wait of more than a
   * minute throws a RateLimitedError instead.
   */
  take(connector: LimitedConnector, key: string, signal?: AbortSignal): Promise<() => void>;
}
export type LimitedConnector = Pick<Connector, 'id' | 'limits'>;

/** Accounts that share a key share its limits. A hash: the key itself goes into no table. */
export function limitKey(
  { id, credentials: schema }: Pick<Connector, 'id' | 'credentials'>,
  credentials: Readonly<Record<string, unknown>>,
): string {
  const secrets = secretFields(schema);
  const names = secrets.length > 0 ? secrets : Object.keys(credentials);
  const values = names.sort().map((name) => [name, String(credentials[name] ?? '')]);
  return createHash('sha256')
    .update(JSON.stringify([id, values]))
    .digest('hex')
    .slice(0, 32);
}

export interface LimitWindow {
  readonly calls: number;
  readonly ms: number;
}

/** The longest window first: a call that the day refuses must not use up the minute. */
export function windowsOf({ perMinute, perHour, perDay }: Limits): LimitWindow[] {
  const windows = [
    { calls: perDay, ms: DAY_MS },
    { calls: perHour, ms: HOUR_MS },
    { calls: perMinute, ms: MINUTE_MS },
  ];
  return windows.flatMap(({ calls, ms }) => (calls === undefined ? [] : [{ calls, ms }]));
}

export function quotaUsedUp({ id }: LimitedConnector, waitMs: number): RateLimitedError {
  const minutes = Math.ceil(waitMs / MINUTE_MS);
  return new RateLimitedError(`The calls that ${id} allows are used up; it goes on in ${minutes} min.`, waitMs);
}

/** Limits within one process, by the given clock: the simulated one passes its waiting time in no time. */
export function memoryLimiter(clock: Clock): Limiter {
  const slots = createSlots();
  const callsByKey = new Map<string, number[]>();
  return {
    async take(connector, key, signal) {
      const bucket = `${connector.id}:${key}`;
      const windows = windowsOf(connector.limits);
      const giveBack = await slots.take(bucket, connector.limits.parallel, signal);
      try {
        const calls = callsByKey.get(bucket) ?? [];
        callsByKey.set(bucket, calls);
        for (;;) {
          const now = clock.now().getTime();
          const waitMs = Math.max(0, ...windows.map((window) => waitFor(window, calls, now)));
          if (waitMs > LONGEST_WAIT_MS) throw quotaUsedUp(connector, waitMs);
          if (waitMs <= 0) {
            remember(calls, now, windows[0]);
            return giveBack;
          }
          await clock.sleep(waitMs, signal);
        }
      } catch (error) {
        giveBack();
        throw error;
      }
    },
  };
}

/** How long until the window has room: until the oldest of its last `calls` calls has left it. */
function waitFor({ calls, ms }: LimitWindow, times: readonly number[], now: number): number {
  const oldest = times.at(-calls);
  return times.length < calls || oldest === undefined ? 0 : oldest + ms - now;
}

/** Keeps as many calls as the longest window may hold. */
function remember(calls: number[], now: number, longest: LimitWindow | undefined): void {
  if (!longest) return;
  calls.push(now);
  const stale = calls.findIndex((at) => at > now - longest.ms);
  if (stale > 0) calls.splice(0, stale);
}

/** Counts the calls under way in this process, first come first served. */
export function createSlots() {
  const underWay = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  const giveBack = (bucket: string) => {
    const next = waiting.get(bucket)?.shift();
    if (next) next();
    else underWay.set(bucket, (underWay.get(bucket) ?? 1) - 1);
  };
  return {
    async take(bucket: string, parallel: number, signal?: AbortSignal): Promise<() => void> {
      signal?.throwIfAborted();
      const count = underWay.get(bucket) ?? 0;
      if (count < parallel) underWay.set(bucket, count + 1);
      else await queueUp(waiting, bucket, signal);
      let held = true;
      return () => {
        if (held) giveBack(bucket);
        held = false;
      };
    },
  };
}

function queueUp(waiting: Map<string, (() => void)[]>, bucket: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = waiting.get(bucket) ?? [];
    waiting.set(bucket, queue);
    const proceed = () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      queue.splice(queue.indexOf(proceed), 1);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    queue.push(proceed);
  });
}

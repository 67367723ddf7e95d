import { DAY_MS, HOUR_MS } from '../core/time-window.ts';
import { Random } from './random.ts';

export const FAULT_LEVELS = ['none', 'some', 'heavy'] as const;
export type FaultLevel = (typeof FAULT_LEVELS)[number];

/** What goes wrong with one request. */
export type Fault = (typeof FAULTS)[number];
const FAULTS = ['throttled', 'down', 'cut off', 'page instead of data', 'repeated rows', 'token lost'] as const;

/** How the shape of a listing changes for some hours, for all of its rows. */
export type Drift = (typeof DRIFTS)[number];
const DRIFTS = ['rows elsewhere', 'field renamed', 'field emptied'] as const;

/** Chances per request, and per network and day. */
const CHANCES: Readonly<Record<FaultLevel, { readonly fault: number; readonly drift: number }>> = {
  none: { fault: 0, drift: 0 },
  some: { fault: 0.03, drift: 0.02 },
  heavy: { fault: 0.12, drift: 0.06 },
};
const LONGEST_DRIFT_HOURS = 8;

/** Bad luck that can be told again: it depends on the seed, the network, the count of its requests and the hour. */
export interface FaultPlan {
  /** What goes wrong with the next request to a network, and chance for the details of it. */
  next(network: string): { readonly fault: Fault; readonly random: Random } | null;
  /** The drift that a network is in at a moment of the sandbox's time. */
  driftOf(network: string, at: Date): Drift | null;
  /** From now on nothing goes wrong any more. */
  calm(): void;
}

/** Plans the faults of one run of the sandbox. */
export function faultPlan({ seed, level }: { readonly seed: number; readonly level: FaultLevel }): FaultPlan {
  const requests = new Map<string, number>();
  let chances = CHANCES[level];
  return {
    next(network) {
      const count = (requests.get(network) ?? 0) + 1;
      requests.set(network, count);
      const random = new Random(seed, network, count, 'fault');
      return random.chance(chances.fault) ? { fault: random.pick(FAULTS), random } : null;
    },
    driftOf(network, at) {
      if (chances.drift === 0) return null;
      const today = Math.floor(at.getTime() / DAY_MS);
      for (const day of [today, today - 1]) {
        const random = new Random(seed, network, day, 'drift');
        if (!random.chance(chances.drift)) continue;
        const from = day * DAY_MS + random.whole(0, 23) * HOUR_MS;
        const until = from + random.whole(2, LONGEST_DRIFT_HOURS) * HOUR_MS;
        if (from <= at.getTime() && at.getTime() < until) return random.pick(DRIFTS);
      }
      return null;
    },
    calm() {
      chances = CHANCES.none;
    },
  };
}

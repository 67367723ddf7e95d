import axios, { type AxiosInstance } from 'axios';
import { SimulatedClock } from '../../sandbox/clock.ts';
import type { FaultPlan } from '../../sandbox/faults.ts';
import { createSandbox, type Sandbox, sandboxAdapter } from '../../sandbox/serve.ts';
import { createWorld, type World } from '../../sandbox/world.ts';

export const START = new Date('2026-01-10T00:00:00Z');

export interface Stage {
  readonly clock: SimulatedClock;
  readonly world: World;
  readonly sandbox: Sandbox;
  /** Asks by the real networks' addresses; no status is an error here. */
  readonly client: AxiosInstance;
}

/** A world of its own with its sandbox, at a day after the start. */
export function stage(
  options: { seed?: number; day?: number; pageSize?: number; salesPerDay?: number; faults?: FaultPlan } = {},
): Stage {
  const { seed = 7, day = 60, salesPerDay = 3, pageSize = 50, faults } = options;
  const clock = new SimulatedClock(new Date(START.getTime() + day * 86_400_000));
  const world = createWorld({ seed, start: START, clock, salesPerDay });
  const sandbox = createSandbox({ world, pageSize, ...(faults ? { faults } : {}) });
  const client = axios.create({ adapter: sandboxAdapter(sandbox), validateStatus: () => true });
  return { clock, world, sandbox, client };
}

/** `from` to `until` in pieces of so many days, as a reader would cut them. */
export function pieces(from: Date, until: Date, days: number): [Date, Date][] {
  const found: [Date, Date][] = [];
  for (let at = from.getTime(); at < until.getTime(); at += days * 86_400_000) {
    found.push([new Date(at), new Date(Math.min(until.getTime(), at + days * 86_400_000))]);
  }
  return found;
}

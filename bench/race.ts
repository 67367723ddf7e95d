import { performance } from 'node:perf_hooks';
import { medianOf } from './figure.ts';

/** Prepares one round, without being timed. */
export type Contender = (round: number) => Promise<Attempt>;

export interface Attempt {
  /** What is timed. */
  work(): Promise<unknown>;
  /** Tidies up, without being timed. */
  after?(): Promise<void>;
}

/**
 * Runs contenders against each other: every round runs each of them once, and each round begins with another one, so that
 * a machine that grows slower or warmer favours nobody. Returns the seconds of each round.
 */
export async function race<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, Contender>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const [position] of names.entries()) {
      const name = names[(position + round) % names.length];
      if (name !== undefined) seconds[name].push(await timed(await contenders[name](round)));
    }
  }
  return seconds;
}

async function timed(attempt: Attempt): Promise<number> {
  const startedAt = performance.now();
  await attempt.work();
  const seconds = (performance.now() - startedAt) / 1_000;
  await attempt.after?.();
  return seconds;
}

/** For people: `bare COPY 55.2 k rows/s, pipeline 26.1 k rows/s`. */
export function rates(rows: number, seconds: Readonly<Record<string, readonly number[]>>, what = 'rows'): string {
  const told = Object.entries(seconds).map(([name, values]) => {
    const perSecond = rows / medianOf(values.toSorted((a, b) => a - b));
    return `${name} ${(perSecond / 1_000).toFixed(1)} k ${what}/s`;
  });
  return told.join(', ');
}

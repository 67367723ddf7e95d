import type { Database } from '../../db/client.ts';
import { type CheckOptions, checkSeed, type SeedReport } from './check-seed.ts';
import type { Mismatch } from './compare-books.ts';

export interface CheckReport {
  readonly seeds: number;
  readonly days: number;
  readonly conversions: number;
  readonly mismatches: readonly (Mismatch & { readonly seed: number })[];
}

/** Seeds under way at once: most of a check is waiting for Postgres. */
const AT_ONCE = 6;

/** Checks many seeds; `onSeed` hears of each as it is done. A seed that breaks down counts as a mismatch of its own. */
export async function checkSeeds(
  db: Database,
  seeds: readonly number[],
  options: Omit<CheckOptions, 'seed'>,
  onSeed: (report: SeedReport) => void = () => {},
): Promise<CheckReport> {
  const waiting = [...seeds];
  const reports: SeedReport[] = [];
  const work = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const report = await checkSeed(db, { ...options, seed }).catch((error: unknown) => brokenDown(seed ?? 0, error));
      reports.push(report);
      onSeed(report);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    seeds: reports.length,
    days: options.days,
    conversions: reports.reduce((total, { conversions }) => total + conversions, 0),
    mismatches: reports
      .sort((a, b) => a.seed - b.seed)
      .flatMap(({ seed, mismatches }) => mismatches.map((mismatch) => ({ seed, ...mismatch }))),
  };
}

function brokenDown(seed: number, error: unknown): SeedReport {
  const found = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { seed, conversions: 0, mismatches: [{ what: 'the check itself', expected: 'to end', found }] };
}

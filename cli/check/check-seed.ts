import { addDays, HOUR_MS } from '../../core/time-window.ts';
import type { Database } from '../../db/client.ts';
import { type BookEntry, bookAt } from '../../sandbox/book.ts';
import { SimulatedClock } from '../../sandbox/clock.ts';
import { type FaultLevel, faultPlan } from '../../sandbox/faults.ts';
import type { SimulatedNetworkId } from '../../sandbox/merchants.ts';
import { Random } from '../../sandbox/random.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { createWorld, type World } from '../../sandbox/world.ts';
import { compareWithBooks, type Mismatch } from './compare-books.ts';
import { SimulatedAccount } from './simulated-account.ts';

export interface CheckOptions {
  readonly seed: number;
  readonly days: number;
  readonly level: FaultLevel;
  readonly networks: readonly SimulatedNetworkId[];
}

export interface SeedReport {
  readonly seed: number;
  readonly conversions: number;
  readonly mismatches: readonly Mismatch[];
}

/** Both changes of the clocks lie within a year of it. */
const START = new Date('2026-01-20T00:00:00Z');
/** Days of the world that lie before the accounts are connected, for the back-fill to read. */
const PAST_DAYS = 25;
/** Longest pause between two syncs. Rakuten tells 29 days; what is lost beyond is a gap, and told as one. */
const LONGEST_PAUSE_DAYS = 20;
/** Chance that the process dies at any step of saving a page. */
const CRASH_CHANCE: Readonly<Record<FaultLevel, number>> = { none: 0, some: 0.02, heavy: 0.08 };
/** In calm, so many rounds must be enough to read everything while the world stands still. */
const MOST_FINAL_ROUNDS = 12;

/**
 * Lives through some simulated months of one seed, with faults and crashes on the way, then asks everything once more in
 * calm and holds the database against the world's own books.
 */
export async function checkSeed(db: Database, { seed, days, level, networks }: CheckOptions): Promise<SeedReport> {
  const clock = new SimulatedClock(START);
  const world = createWorld({ seed, start: START, clock, networks });
  const faults = faultPlan({ seed, level });
  const sandbox = createSandbox({ world, faults });
  const luck = { random: new Random(seed, 'check'), crashChance: CRASH_CHANCE[level] };
  clock.advanceTo(addDays(START, PAST_DAYS));
  const accounts: SimulatedAccount[] = [];
  for (const network of networks) {
    const name = `seed ${seed} ${process.hrtime.bigint()}`; // a database may see a seed more than once
    accounts.push(await SimulatedAccount.connect(db, { network, name, clock, sandbox, luck, pastDays: PAST_DAYS }));
  }
  const end = addDays(clock.now(), days);
  while (clock.now() < end) {
    for (const account of accounts) await account.syncAll();
    const pauseMs = luck.random.whole(1, LONGEST_PAUSE_DAYS * 24) * HOUR_MS;
    clock.advanceTo(new Date(Math.min(end.getTime(), clock.now().getTime() + pauseMs)));
  }
  faults.calm();
  luck.crashChance = 0;
  const reports: SeedReport[] = [];
  for (const account of accounts) reports.push(await settle(db, world, account));
  return {
    seed,
    conversions: reports.reduce((total, { conversions }) => total + conversions, 0),
    mismatches: reports.flatMap(({ mismatches }) => mismatches),
  };
}

/** Reads everything in calm until nothing has happened meanwhile, then compares. */
async function settle(db: Database, world: World, account: SimulatedAccount): Promise<SeedReport> {
  for (let round = 0; round < MOST_FINAL_ROUNDS; round += 1) {
    const before = bookAt(world, account.network, world.clock.now());
    const allWell = await account.syncAll();
    const after = bookAt(world, account.network, world.clock.now());
    if (!allWell || !sameBook(before, after)) continue;
    const found = await compareWithBooks(db, account.id, after);
    const mismatches = found.map((mismatch) => ({ ...mismatch, what: `${account.network}: ${mismatch.what}` }));
    return { seed: world.seed, conversions: after.length, mismatches };
  }
  const never = {
    what: `${account.network}: reading in calm`,
    expected: 'every pass succeeds',
    found: account.trouble,
  };
  return { seed: world.seed, conversions: 0, mismatches: [never] };
}

function sameBook(one: readonly BookEntry[], other: readonly BookEntry[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

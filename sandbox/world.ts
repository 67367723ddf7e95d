import type { Clock } from '../core/clock.ts';
import { addDays, DAY_MS, utcDay } from '../core/time-window.ts';
import { LIVES } from './lives/index.ts';
import { type NetworkRow, stateAt } from './lives/row.ts';
import {
  type Merchant,
  type NetworkProfile,
  profileOf,
  SIMULATED_NETWORKS,
  type SimulatedNetworkId,
} from './merchants.ts';
import { Random } from './random.ts';
import { salesOfDay, type WorldSale } from './sale.ts';

/** A world of clicks and sales without an end. Its past depends on the seed and the start alone, never on who looks. */
export interface World {
  readonly seed: number;
  /** Midnight UTC of the first day. */
  readonly start: Date;
  readonly clock: Clock;
  readonly networks: readonly SimulatedNetworkId[];
  merchants(network: SimulatedNetworkId): readonly Merchant[];
  /** What happened in the shops before `until`, oldest first. */
  sales(network: SimulatedNetworkId, until: Date): readonly WorldSale[];
  /** The same for one day, counted from the start. */
  salesOfDay(network: SimulatedNetworkId, day: number): readonly WorldSale[];
  /** The rows in a network's books that can be seen at a moment. */
  rows(network: SimulatedNetworkId, at: Date): readonly NetworkRow[];
  /** Clicks of one day. */
  clicksOfDay(network: SimulatedNetworkId, day: number): readonly ClickCount[];
  /** How many days after the start a moment lies; negative before it. */
  dayOf(at: Date): number;
}

export interface ClickCount {
  readonly merchant: Merchant;
  readonly subId: string | null;
  readonly clicks: number;
}

interface WorldOptions {
  readonly seed: number;
  readonly start: Date;
  readonly clock: Clock;
  /** Mean number of sales per network and day, 1.5 unless told otherwise. */
  readonly salesPerDay?: number;
  readonly networks?: readonly SimulatedNetworkId[];
}

/** Makes a world. Nothing is drawn before somebody asks; what was drawn is kept. */
export function createWorld(options: WorldOptions): World {
  const { seed, clock, salesPerDay = 1.5, networks = SIMULATED_NETWORKS } = options;
  const start = new Date(`${utcDay(options.start)}T00:00:00Z`);
  const sides = new Map(networks.map((network) => [network, new Side(seed, network, start, salesPerDay)]));
  const side = (network: SimulatedNetworkId): Side => {
    const found = sides.get(network);
    if (!found) throw new RangeError(`This world has no network "${network}".`);
    return found;
  };
  const dayOf = (at: Date) => Math.floor((at.getTime() - start.getTime()) / DAY_MS);
  const world: World = {
    seed,
    start,
    clock,
    networks,
    dayOf,
    merchants: (network) => side(network).profile.merchants,
    salesOfDay: (network, day) => side(network).salesOfDay(day),
    clicksOfDay: (network, day) => side(network).clicksOfDay(day),
    sales(network, until) {
      const days = Array.from({ length: Math.max(0, dayOf(until) + 1) }, (_, day) => side(network).salesOfDay(day));
      return days.flat().filter(({ occurredAt }) => occurredAt < until);
    },
    rows: (network, at) => side(network).rowsAt(world, at),
  };
  return world;
}

/** One network's side of the world, with what has been drawn of it so far. */
class Side {
  readonly profile: NetworkProfile;
  readonly #seed: number;
  readonly #network: SimulatedNetworkId;
  readonly #start: Date;
  readonly #salesPerDay: number;
  readonly #sales: (readonly WorldSale[])[] = [];
  readonly #rows: NetworkRow[] = [];
  #rowDays = 0;
  /** The last answer: a reader who turns pages asks many times at one moment. */
  #seen: { readonly atMs: number; readonly rows: readonly NetworkRow[] } | null = null;

  constructor(seed: number, network: SimulatedNetworkId, start: Date, salesPerDay: number) {
    this.profile = profileOf(network, seed);
    this.#seed = seed;
    this.#network = network;
    this.#start = start;
    this.#salesPerDay = salesPerDay;
  }

  salesOfDay(day: number): readonly WorldSale[] {
    if (day < 0) return [];
    let sales = this.#sales[day];
    if (!sales) {
      const at = { seed: this.#seed, network: this.#network, day, midnight: addDays(this.#start, day) };
      sales = salesOfDay(at, this.profile, this.#salesPerDay);
      this.#sales[day] = sales;
    }
    return sales;
  }

  rowsAt(world: World, at: Date): readonly NetworkRow[] {
    if (this.#seen?.atMs === at.getTime()) return this.#seen.rows;
    for (; this.#rowDays <= world.dayOf(at); this.#rowDays += 1) {
      this.#rows.push(...LIVES[this.#network](world, this.#rowDays));
    }
    const rows = this.#rows.filter((row) => stateAt(row, at) !== undefined);
    this.#seen = { atMs: at.getTime(), rows };
    return rows;
  }

  clicksOfDay(day: number): readonly ClickCount[] {
    if (day < 0) return [];
    const random = new Random(this.#seed, this.#network, day, 'clicks');
    return this.profile.merchants.flatMap((merchant) =>
      this.profile.subIds
        .map((subId) => ({ merchant, subId, clicks: random.chance(0.3) ? 0 : random.whole(1, 40) }))
        .filter(({ clicks }) => clicks > 0),
    );
  }
}

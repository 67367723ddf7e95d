import { type Decimal, fromMicros } from '../core/money.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/time-window.ts';
import type { Merchant, NetworkProfile, SimulatedNetworkId } from './merchants.ts';
import { Random } from './random.ts';

/** A sale as it happened in the shop. How a network books it, and when it says so, is told in `lives/`. */
export interface WorldSale {
  readonly network: SimulatedNetworkId;
  /** Unique within the network, and growing with time. */
  readonly number: number;
  readonly merchant: Merchant;
  readonly subId: string | null;
  readonly orderRef: string;
  readonly clickedAt: Date;
  readonly occurredAt: Date;
  /** When the merchant tells the network of it. */
  readonly reportedAt: Date;
  readonly batch: boolean;
  readonly total: Amounts;
  /** What the customer does in the end. */
  readonly fate: 'kept' | 'partly returned' | 'cancelled' | 'taken back';
  /** What is left after a partial return; the whole in every other case. */
  readonly left: Amounts;
  /** How far between report and approval a return or cancellation falls, from 0 to 1. */
  readonly fateShare: number;
  /** When the merchant approves, if nothing comes in between. */
  readonly decidedAt: Date;
}

export interface Amounts {
  readonly sale: Decimal;
  readonly commission: Decimal;
}

/** Sales of one day are drawn from a key of their own, so that any day can be told without the days before it. */
interface DayOfWorld {
  readonly seed: number;
  readonly network: SimulatedNetworkId;
  /** Days since the world began. */
  readonly day: number;
  readonly midnight: Date;
}

/** Ids hold the number of the sale within its day in four digits. */
const MOST_PER_DAY = 9_999;

/** Everything that was sold on one UTC day, in the order of time. */
export function salesOfDay(at: DayOfWorld, profile: NetworkProfile, salesPerDay: number): WorldSale[] {
  const random = new Random(at.seed, at.network, at.day, 'sales');
  const count = Math.min(MOST_PER_DAY, Math.floor(random.next() * (2 * salesPerDay + 1)));
  const seconds = Array.from({ length: count }, () => secondOfDay(random)).sort((a, b) => a - b);
  return seconds.map((second, index) => sale(at, profile, random, second, index));
}

/** Any second of the day, with a liking for the ones at which days and summer times change. */
function secondOfDay(random: Random): number {
  if (random.chance(0.06)) return random.pick([0, 86_399]);
  if (random.chance(0.08)) return random.whole(3_600, 10_799);
  return random.whole(0, 86_399);
}

function sale(at: DayOfWorld, profile: NetworkProfile, random: Random, second: number, index: number): WorldSale {
  const merchant = random.pick(profile.merchants);
  const occurredAt = new Date(at.midnight.getTime() + second * SECOND_MS);
  const batch = random.chance(0.2);
  const delayMs = batch
    ? random.whole(12 * 60, profile.longestDelayHours * 60) * MINUTE_MS
    : random.whole(60, 14_400) * SECOND_MS;
  const total = amounts(merchant, random);
  const wished = wishedFate(random);
  const left = wished === 'partly returned' ? part(merchant, total, random.whole(20, 80)) : total;
  // A return that takes no commission back would be a row about nothing: the network never hears of it.
  const moves = wished === 'partly returned' ? left.commission !== total.commission : !isNothing(total.commission);
  const fate = moves ? wished : 'kept';
  return {
    network: at.network,
    number: at.day * (MOST_PER_DAY + 1) + index,
    merchant,
    subId: random.pick(profile.subIds),
    orderRef: `${merchant.region}-${at.day}-${index}`,
    clickedAt: new Date(occurredAt.getTime() - random.whole(30, 200_000) * SECOND_MS),
    occurredAt,
    reportedAt: new Date(occurredAt.getTime() + delayMs),
    batch,
    total,
    fate,
    left: fate === 'partly returned' ? left : total,
    fateShare: random.whole(5, 95) / 100,
    decidedAt: new Date(occurredAt.getTime() + random.whole(10, 70) * DAY_MS + random.whole(0, 23) * HOUR_MS),
  };
}

function wishedFate(random: Random): WorldSale['fate'] {
  const draw = random.next();
  if (draw < 0.12) return 'cancelled';
  if (draw < 0.24) return 'partly returned';
  return draw < 0.28 ? 'taken back' : 'kept';
}

function amounts({ kind, rate, places, commissionPlaces }: Merchant, random: Random): Amounts {
  if (kind === 'lead') return { sale: inUnits(0, 0), commission: inUnits(rate, 2) };
  const units = random.whole(199, 39_999) * (places === 0 ? 10 : 1);
  // Some goods earn nothing, and that zero is a fact, not a gap.
  const earned = random.chance(0.06) ? 0 : Math.round((units * rate * 10 ** (commissionPlaces - places)) / 10_000);
  return { sale: inUnits(units, places), commission: inUnits(earned, commissionPlaces) };
}

function part({ places, commissionPlaces }: Merchant, total: Amounts, percent: number): Amounts {
  const share = (amount: Decimal, decimals: number) =>
    inUnits(Math.floor((Math.round(Number(amount) * 10 ** decimals) * percent) / 100), decimals);
  return { sale: share(total.sale, places), commission: share(total.commission, commissionPlaces) };
}

/** `1234` with two places is `12.34`. */
export function inUnits(units: number, places: number): Decimal {
  return fromMicros(BigInt(units) * 10n ** BigInt(6 - places));
}

function isNothing(amount: Decimal): boolean {
  return Number(amount) === 0;
}

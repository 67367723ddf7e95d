import type { Status } from '../core/conversion.ts';
import { type Decimal, isNegative, sum, ZERO } from '../core/money.ts';
import { utcDay } from '../core/time-window.ts';
import { stateAt } from './lives/row.ts';
import type { SimulatedNetworkId } from './merchants.ts';
import type { World } from './world.ts';

/** The truth about one row, to hold a database against. */
export interface BookEntry {
  readonly network: SimulatedNetworkId;
  readonly networkTransactionId: string;
  readonly saleKey: string | null;
  readonly status: Status;
  readonly saleAmount: Decimal;
  readonly commissionAmount: Decimal;
  readonly currency: string;
  readonly programId: string;
  readonly subId: string | null;
  readonly occurredAt: Date;
  /** Since when a reader could know of it. */
  readonly visibleSince: Date;
}

/** What a reader who has just asked every question there is must hold: each visible row, in its state of that moment. */
export function bookAt(world: World, network: SimulatedNetworkId, at: Date): BookEntry[] {
  return world.rows(network, at).flatMap((row) => {
    const state = stateAt(row, at);
    if (!state) return [];
    return {
      network,
      networkTransactionId: row.id,
      saleKey: row.saleKey,
      status: state.status,
      saleAmount: state.amounts.sale,
      commissionAmount: state.amounts.commission,
      currency: row.sale.merchant.currency,
      programId: row.programId,
      subId: state.subId,
      occurredAt: row.occurredAt,
      visibleSince: row.states[0].from,
    };
  });
}

interface BookTotal {
  readonly programId: string;
  /** UTC day of the sale. */
  readonly day: string;
  readonly status: Status;
  readonly currency: string;
  readonly count: number;
  readonly saleAmount: Decimal;
  readonly positiveCommission: Decimal;
  /** Zero or below. */
  readonly negativeCommission: Decimal;
}

/** Exact totals per program, UTC day, status and currency, in a fixed order. */
export function totalsOf(entries: readonly BookEntry[]): BookTotal[] {
  const groups = new Map<string, BookEntry[]>();
  for (const entry of entries) {
    const key = [entry.programId, utcDay(entry.occurredAt), entry.status, entry.currency].join(' ');
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => totalOf(group));
}

function totalOf(group: readonly BookEntry[]): BookTotal[] {
  const [first] = group;
  if (!first) return [];
  const commissions = group.map(({ commissionAmount }) => commissionAmount);
  return [
    {
      programId: first.programId,
      day: utcDay(first.occurredAt),
      status: first.status,
      currency: first.currency,
      count: group.length,
      saleAmount: sum(group.map(({ saleAmount }) => saleAmount)),
      positiveCommission: sum([ZERO, ...commissions.filter((amount) => !isNegative(amount))]),
      negativeCommission: sum([ZERO, ...commissions.filter(isNegative)]),
    },
  ];
}

import { ZERO } from '../../core/money.ts';
import { DAY_MS } from '../../core/time-window.ts';
import { Random } from '../random.ts';
import type { WorldSale } from '../sale.ts';
import type { World } from '../world.ts';
import { between, type Life, lifeOf, type NetworkRow, paymentRun } from './row.ts';

/** Locking falls on midnight Pacific, an hour that summer time moves; the books themselves keep to one hour. */
const LOCK_HOUR_MS = 8 * 60 * 60 * 1000;
/** A commission clears into the partner's balance this long after it has locked. */
export const CLEARS_AFTER_MS = 21 * DAY_MS;

/**
 * impact.com changes an action in place until it locks, and never after. A reversed action keeps nothing of its amounts.
 * The payment shows on an action update only.
 */
export const impactLife: Life = (world, day) => world.salesOfDay('impact', day).map((sale) => row(world, sale));

/** Day on which an action locks, from the contract: thirty days or more after the sale. */
export function lockingDateOf(world: World, sale: WorldSale): Date {
  const days = new Random(world.seed, 'impact', sale.number, 'lock').whole(12, 70);
  const day = Math.floor(sale.occurredAt.getTime() / DAY_MS) + days;
  return new Date(day * DAY_MS + LOCK_HOUR_MS);
}

function row(world: World, sale: WorldSale): NetworkRow {
  return {
    id: `${sale.merchant.id}.${trackerOf(sale)}.${700_000 + sale.number}`,
    sale,
    saleKey: null,
    part: 'original',
    programId: sale.merchant.id,
    occurredAt: sale.occurredAt,
    states: states(sale, lockingDateOf(world, sale)),
    goneAt: null,
  };
}

/** The event type under which a merchant counts its actions. */
export function trackerOf({ merchant }: WorldSale): string {
  return String(Number(merchant.id) * 4 + (merchant.kind === 'lead' ? 2 : 1));
}

function states(sale: WorldSale, lock: Date): NetworkRow['states'] {
  const { reportedAt, subId, total, left, fate } = sale;
  const midway = between(reportedAt, lock, sale.fateShare);
  const appeared = { from: reportedAt, event: 'appeared', status: 'pending', amounts: total, subId } as const;
  const approved = { from: lock, event: 'approved', status: 'approved' } as const;
  const paidAt = paymentRun(new Date(lock.getTime() + CLEARS_AFTER_MS), 2);
  const paid = { from: paidAt, event: 'paid', status: 'paid' } as const;
  if (fate === 'kept') return lifeOf(appeared, approved, paid);
  if (fate === 'partly returned')
    return lifeOf(appeared, { from: midway, event: 'amended', amounts: left }, approved, paid);
  const nothing = { sale: ZERO, commission: ZERO };
  return lifeOf(appeared, { from: midway, event: 'declined', status: 'reversed', amounts: nothing });
}

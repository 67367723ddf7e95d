import { DAY_MS } from '../../core/time-window.ts';
import type { WorldSale } from '../sale.ts';
import { between, type Life, lifeOf, type NetworkRow, paymentRun } from './row.ts';

/** Awin changes a transaction in place, on the same id, and pays some weeks after it was approved. */
export const awinLife: Life = (world, day) => world.salesOfDay('awin', day).map(row);

function row(sale: WorldSale): NetworkRow {
  return {
    id: String(2_100_000_000 + sale.number),
    sale,
    saleKey: null,
    part: 'original',
    programId: sale.merchant.id,
    occurredAt: sale.occurredAt,
    states: states(sale),
    goneAt: null,
  };
}

function states(sale: WorldSale): NetworkRow['states'] {
  const { reportedAt, decidedAt, subId, total, left, fate } = sale;
  const midway = between(reportedAt, decidedAt, sale.fateShare);
  const appeared = { from: reportedAt, event: 'appeared', status: 'pending', amounts: total, subId } as const;
  const approved = { from: decidedAt, event: 'approved', status: 'approved' } as const;
  const paid = { from: paymentRun(decidedAt, 10), event: 'paid', status: 'paid' } as const;
  switch (fate) {
    case 'kept':
      return lifeOf(appeared, approved, paid);
    case 'partly returned':
      return lifeOf(appeared, { from: midway, event: 'amended', amounts: left }, approved, paid);
    case 'cancelled':
      return lifeOf(appeared, { from: midway, event: 'declined', status: 'reversed' });
    case 'taken back': {
      const from = between(decidedAt, new Date(decidedAt.getTime() + 9 * DAY_MS), sale.fateShare);
      return lifeOf(appeared, approved, { from, event: 'declined', status: 'reversed' });
    }
  }
}

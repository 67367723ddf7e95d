import { ZERO } from '../../core/money.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/time-window.ts';
import { Random } from '../random.ts';
import type { Amounts, WorldSale } from '../sale.ts';
import type { World } from '../world.ts';
import { between, type Life, lifeOf, minus, type NetworkRow, paymentRun, type RowState } from './row.ts';

/** A payment run takes up what was processed at least this long before it. */
const PAID_AFTER_DAYS = 40;
const NOTHING: Amounts = { sale: ZERO, commission: ZERO };

/**
 * Rakuten books a return as a negative row with an id of its own and the order's old date. It knows no approval: a row
 * is there, and one day it is in a payment. The sub-id of some rows follows within twelve hours.
 */
export const rakutenLife: Life = (world, day) =>
  world.salesOfDay('rakuten', day).flatMap((sale) => {
    const original = booked(world, sale, 0, sale.reportedAt, sale.total);
    if (sale.fate === 'kept') return [original];
    const returned = sale.fate === 'partly returned' ? minus(sale.total, sale.left) : sale.total;
    const returnedAt = between(sale.reportedAt, sale.decidedAt, sale.fateShare);
    return [original, booked(world, sale, 1, returnedAt, minus(NOTHING, returned))];
  });

/** When the network processed a row: the date by which its feed is asked. */
export function processDate(row: NetworkRow): Date {
  return row.states[0].from;
}

function booked(world: World, sale: WorldSale, index: number, processedAt: Date, amounts: Amounts): NetworkRow {
  const random = new Random(world.seed, 'rakuten', sale.number, index, 'life');
  const isReturn = index > 0;
  const named = random.chance(0.2) && sale.subId !== null && !isReturn;
  const first: RowState = {
    from: processedAt,
    event: 'appeared',
    status: isReturn ? 'reversed' : 'pending',
    amounts,
    subId: named ? null : sale.subId,
  };
  const namedAt = new Date(processedAt.getTime() + random.whole(30, 11 * 60) * MINUTE_MS);
  return {
    id: random.hex(32),
    sale,
    saleKey: `${sale.orderRef} ${skuOf(sale)}`,
    part: isReturn ? 'correction' : 'original',
    programId: sale.merchant.id,
    occurredAt: sale.occurredAt,
    states: lifeOf(first, ...(named ? [{ from: namedAt, event: 'named', subId: sale.subId } as const] : []), {
      from: paymentRun(new Date(processedAt.getTime() + HOUR_MS), PAID_AFTER_DAYS),
      event: 'paid',
      // A return that is settled takes its money along and stays what it is.
      status: isReturn ? 'reversed' : 'paid',
    }),
    goneAt: null,
  };
}

export function skuOf(sale: WorldSale): string {
  return `SKU-${(sale.number % 7) + 1}`;
}

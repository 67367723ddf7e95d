import { ZERO } from '../../core/money.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../core/time-window.ts';
import { Random } from '../random.ts';
import type { Amounts, WorldSale } from '../sale.ts';
import type { World } from '../world.ts';
import { between, type Life, lifeOf, minus, type NetworkRow, nextMonthDay } from './row.ts';

/** Locks fall on the 10th at 2 am Pacific in winter, and what has locked closes ten days later. */
const LOCK_DAY = 10;
const LOCK_HOUR = 10;
const CLOSES_AFTER_MS = 10 * DAY_MS;
const NOTHING: Amounts = { sale: ZERO, commission: ZERO };

/**
 * CJ never edits an amount. A return makes a negative row of its own; a restatement makes two, one that cancels the
 * former state and one with the new. Each row locks and closes on its own. Only open-ended programs decline in place.
 */
export const cjLife: Life = (world, day) =>
  world.salesOfDay('cj', day).flatMap((sale) => (isOpenEnded(world, sale) ? [openEnded(sale)] : rowsOf(world, sale)));

/** The last merchant of this world runs an open-ended program: nothing locks before it has been looked at. */
export function isOpenEnded(world: World, sale: WorldSale): boolean {
  return world.merchants('cj').at(-1) === sale.merchant;
}

/** When a row locks or has locked, as the network gives it at a moment: an extension moves it by a month. */
export function lockingDateAt({ states }: NetworkRow, at: Date): Date {
  const extended = states.find(({ event }) => event === 'extended');
  if (extended && at < extended.from) return extended.from;
  return states.find(({ event }) => event === 'approved' || event === 'declined')?.from ?? states[0].from;
}

function rowsOf(world: World, sale: WorldSale): NetworkRow[] {
  const random = new Random(world.seed, 'cj', sale.number, 'life');
  const firstLock = firstLockOf(sale);
  const extended = sale.fate === 'taken back' || random.chance(0.15);
  const lock = extended ? nextMonthDay(new Date(firstLock.getTime() + DAY_MS), LOCK_DAY, LOCK_HOUR) : firstLock;
  // A locked action cannot be corrected, so corrections come before the lock; a late one during the extension.
  const from = sale.fate === 'taken back' ? firstLock : sale.reportedAt;
  const correctedAt = between(from, new Date(lock.getTime() - HOUR_MS), sale.fateShare);
  const original = booked(sale, 0, 'original', sale.reportedAt, sale.total, lock, extended ? firstLock : null);
  const correction = (amounts: Amounts) =>
    booked(sale, 1, 'correction', correctedAt, minus(NOTHING, amounts), lock, null);
  if (sale.fate === 'cancelled' || sale.fate === 'taken back') return [original, correction(sale.total)];
  if (sale.fate === 'kept') return [original];
  if (random.chance(0.5)) return [original, correction(minus(sale.total, sale.left))];
  return [
    original,
    correction(sale.total),
    booked(sale, 2, 'restatement', new Date(correctedAt.getTime() + SECOND_MS), sale.left, lock, null),
  ];
}

/** The month after the sale; a sale that is reported after its own lock waits for the next one. */
function firstLockOf({ occurredAt, reportedAt }: WorldSale): Date {
  const nextMonth = new Date(Date.UTC(occurredAt.getUTCFullYear(), occurredAt.getUTCMonth() + 1, 1));
  const earliest = new Date(reportedAt.getTime() + DAY_MS);
  return nextMonthDay(earliest > nextMonth ? earliest : nextMonth, LOCK_DAY, LOCK_HOUR);
}

function booked(
  sale: WorldSale,
  index: number,
  part: NetworkRow['part'],
  postedAt: Date,
  amounts: Amounts,
  lock: Date,
  extendedAt: Date | null,
): NetworkRow {
  const turns = part === 'correction' ? 'reversed' : null;
  const status = turns ?? 'pending';
  return {
    ...identity(sale, index, part, postedAt),
    states: lifeOf(
      { from: postedAt, event: 'appeared', status, amounts, subId: sale.subId },
      ...(extendedAt ? [{ from: extendedAt, event: 'extended' } as const] : []),
      { from: lock, event: 'approved', status: turns ?? 'approved' },
      { from: new Date(lock.getTime() + CLOSES_AFTER_MS), event: 'paid', status: turns ?? 'paid' },
    ),
  };
}

function openEnded(sale: WorldSale): NetworkRow {
  const { reportedAt, decidedAt, subId, total } = sale;
  const appeared = { from: reportedAt, event: 'appeared', status: 'pending', amounts: total, subId } as const;
  const declinedAt = between(reportedAt, decidedAt, sale.fateShare);
  const closedAt = new Date(decidedAt.getTime() + CLOSES_AFTER_MS);
  return {
    ...identity(sale, 0, 'original', reportedAt),
    states:
      sale.fate === 'cancelled'
        ? lifeOf(appeared, { from: declinedAt, event: 'declined', status: 'reversed' })
        : lifeOf(
            appeared,
            { from: decidedAt, event: 'approved', status: 'approved' },
            { from: closedAt, event: 'paid', status: 'paid' },
          ),
  };
}

function identity(sale: WorldSale, index: number, part: NetworkRow['part'], postedAt: Date) {
  return {
    id: commissionId(postedAt, sale.number, index),
    sale,
    saleKey: String(1_800_000_000 + sale.number),
    part,
    programId: sale.merchant.id,
    occurredAt: sale.occurredAt,
    goneAt: null,
  };
}

/** Ids grow with the posting date, because the network's cursor is an id and means "posted after that one". */
function commissionId(postedAt: Date, saleNumber: number, index: number): string {
  const second = postedAt.getTime() / SECOND_MS - 1_500_000_000;
  return String(second * 10_000_000 + (saleNumber % 1_000_000) * 10 + index);
}

import { addDays } from '../../core/time-window.ts';
import { processDate, skuOf } from '../lives/rakuten.ts';
import { type NetworkRow, stateAt } from '../lives/row.ts';
import { json, type WireAnswer } from '../wire.ts';
import type { World } from '../world.ts';
import { problem, SID } from './rakuten-wire.ts';

/** Older rows are gone from the feed, whatever is asked. */
const HISTORY_DAYS = 30;
const DATE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
const CURRENCIES = ['USD', 'CAD', 'GBP', 'EUR', 'BRL', 'AUD', 'JPY'];

/** One page of the feed, by rising process date: a bare array, and the last page is the one that is not full. */
export function events(world: World, query: URLSearchParams, shifted: boolean): WireAnswer {
  const now = world.clock.now();
  const limit = Number(query.get('limit') ?? 100);
  const page = Number(query.get('page') ?? 1);
  if (!Number.isInteger(limit) || limit < 1) return problem(400, 'limit must be an integer of at least 1');
  if (!Number.isInteger(page) || page < 1) return problem(400, 'page must be an integer of at least 1');
  const malformed = DATES.find((name) => query.has(name) && !DATE.test(query.get(name) ?? ''));
  if (malformed) return problem(400, `${malformed} must have the format YYYY-MM-DD HH:mm:ss`);
  const currency = query.get('currency');
  if (currency && !CURRENCIES.includes(currency))
    return problem(400, `currency must be one of ${CURRENCIES.join(', ')}`);
  const type = query.get('type');

  const oldest = addDays(now, -HISTORY_DAYS);
  const [processedFrom, processedTo, happenedFrom, happenedTo] = DATES.map((name) => moment(query.get(name)));
  const isIn = (at: Date, start: Date | null | undefined, end: Date | null | undefined) =>
    (!start || at >= start) && (!end || at <= end);
  const rows = world
    .rows('rakuten', now)
    .filter((row) => processDate(row) >= oldest)
    .filter(
      (row) => isIn(processDate(row), processedFrom, processedTo) && isIn(row.occurredAt, happenedFrom, happenedTo),
    )
    .filter((row) => !currency || row.sale.merchant.currency === currency)
    .filter((row) => !type || transactionType(row) === type)
    .sort((a, b) => processDate(a).getTime() - processDate(b).getTime() || (a.id < b.id ? -1 : 1))
    .flatMap((row) => (hasNotice(row) ? [() => event(row, now), () => notice(row, now)] : [() => event(row, now)]));
  const isAsked = DATES.some((name) => query.has(name));
  const found = isAsked ? rows : rows.slice(-100);
  const from = (page - 1) * limit;
  return json(
    200,
    found.slice(shifted ? Math.max(0, from - 1) : from, from + limit).map((tell) => tell()),
  );
}

const DATES = ['process_date_start', 'process_date_end', 'transaction_date_start', 'transaction_date_end'] as const;

function moment(text: string | null): Date | null {
  return text === null ? null : new Date(`${text.replace(' ', 'T')}Z`);
}

function event(row: NetworkRow, now: Date) {
  const { sale } = row;
  const { amounts, subId } = stateAt(row, now) ?? row.states[0];
  return {
    etransaction_id: row.id,
    // Numbers on one row, text on the next.
    advertiser_id: sale.number % 2 === 0 ? Number(row.programId) : row.programId,
    sid: Number(SID),
    order_id: sale.orderRef,
    offer_id: 880_011,
    sku_number: skuOf(sale),
    sale_amount: Number(amounts.sale),
    quantity: row.part === 'correction' ? -1 : 1,
    commissions: Number(amounts.commission),
    process_date: spelled(processDate(row)),
    transaction_date: spelled(row.occurredAt),
    transaction_type: transactionType(row),
    product_name: 'Tent for two',
    // Without a sub-id the field is empty on one row and missing on the next.
    ...(subId === null && sale.number % 2 === 0 ? {} : { u1: subId ?? '' }),
    currency: sale.merchant.currency,
    is_event: sale.number % 5 === 0 ? false : 'N',
    commissions_list_id: '',
  };
}

/** Some sales come with a notice for the media buyer: it looks like a row and is no commission. */
function hasNotice({ sale, part }: NetworkRow): boolean {
  return sale.number % 13 === 0 && part === 'original';
}

function notice(row: NetworkRow, now: Date) {
  const id = [...row.id].reverse().join('');
  return { ...event(row, now), etransaction_id: id, is_event: row.sale.number % 2 === 0 ? 'Y' : true };
}

function transactionType(row: NetworkRow): string {
  return row.sale.batch || row.part === 'correction' ? 'batch' : 'realtime';
}

/** `Mon Feb 02 2026 09:05:31 GMT+0000 (UTC)`. */
function spelled(at: Date): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = at.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${year} ${time} GMT+0000 (UTC)`;
}

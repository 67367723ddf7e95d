import { createHash } from 'node:crypto';
import { type Decimal, sum } from '../../core/money.ts';
import { addDays, HOUR_MS, utcDay } from '../../core/time-window.ts';
import type { Merchant } from '../merchants.ts';
import { Random } from '../random.ts';
import { type Amounts, inUnits, type WorldSale } from '../sale.ts';
import type { World } from '../world.ts';
import type { Life, NetworkRow } from './row.ts';

/** One line of an earnings file, cells as they are written. */
export interface EarningsLine {
  readonly sale: WorldSale;
  readonly category: string;
  readonly item: string;
  readonly asin: string;
  readonly seller: string;
  readonly trackingId: string;
  readonly date: string;
  readonly price: string;
  readonly quantity: string;
  readonly revenue: string;
  readonly earnings: string;
  readonly rate: string;
  /** Empty where the customer's link carried none. */
  readonly subTag: string;
  readonly amounts: Amounts;
}

/** The file of one day in one of its versions. */
export interface EarningsFile {
  readonly day: number;
  readonly date: string;
  readonly publishedAt: Date;
  readonly lines: readonly EarningsLine[];
}

const LONGEST_SHIPPING_DAYS = 2;
const LONGEST_RETURN_DAYS = 35;
/** Few goods at fixed prices: two buyers of the same thing on the same day make two equal lines. */
const GOODS = [
  { asin: 'B0TESTPAN1', item: 'Steel pan, 28 cm', category: 'Kitchen', units: 2499, seller: 'Amazon' },
  { asin: 'B0TESTLMP2', item: 'Reading lamp', category: 'Lighting', units: 1899, seller: 'Lumen & Sons' },
  { asin: 'B0TESTBKS3', item: 'The "Quiet" Garden', category: 'Books', units: 1250, seller: 'Amazon' },
  { asin: 'B0TESTZRO4', item: 'Gift card', category: 'Gift Cards', units: 5000, seller: 'Amazon' },
] as const;

/** Amazon has no ids and no statuses: a day is what its newest file says, and a return is a line of a later day. */
export const amazonLife: Life = (world, day) => {
  const [first, corrected] = earningsFiles(world, day);
  const before = identified(first);
  if (!corrected) return [...before].map(([id, line]) => row(id, line, first.publishedAt, null));
  const after = identified(corrected);
  const isGone = (id: string) => (after.has(id) ? null : corrected.publishedAt);
  return [
    ...[...before].map(([id, line]) => row(id, line, first.publishedAt, isGone(id))),
    ...[...after].filter(([id]) => !before.has(id)).map(([id, line]) => row(id, line, corrected.publishedAt, null)),
  ];
};

/** The versions of one day's file, oldest first: it is out on the next day, and some are corrected a day later. */
export function earningsFiles(world: World, day: number): [EarningsFile, EarningsFile?] {
  const random = new Random(world.seed, 'amazon-associates', day, 'file');
  const date = utcDay(addDays(world.start, day));
  const lines = [...shipped(world, day), ...returned(world, day)];
  const publishedAt = new Date(addDays(world.start, day + 1).getTime() + random.whole(9, 15) * HOUR_MS);
  const first = { day, date, publishedAt, lines };
  if (lines.length === 0 || !random.chance(0.15)) return [first];
  const wrong = random.whole(0, lines.length - 1);
  return [
    first,
    { day, date, publishedAt: addDays(publishedAt, 1), lines: lines.map((l, i) => (i === wrong ? restated(l) : l)) },
  ];
}

/** The account's one marketplace and the store id with the marketplace's ending. */
export function storeOf(world: World) {
  const [merchant] = world.merchants('amazon-associates');
  if (!merchant) throw new RangeError('The simulated Amazon has no marketplace.');
  const { id: marketplace, region, currency } = merchant;
  const ending = { NA: '-20', EU: '-21', FE: '-22' }[region] ?? '-20';
  return { storeId: `quietgarden${ending}`, marketplace, region, currency };
}

/** Amazon tells sub tags to some accounts only. */
export function subTagsOf(world: World): boolean {
  return world.seed % 3 !== 0;
}

function shipped(world: World, day: number): EarningsLine[] {
  const days = Array.from({ length: LONGEST_SHIPPING_DAYS + 1 }, (_, before) => day - before);
  return days.flatMap((from) =>
    world
      .salesOfDay('amazon-associates', from)
      .filter((sale) => from + shippingDays(sale) === day)
      .map((sale) => line(world, sale, day, 1)),
  );
}

function returned(world: World, day: number): EarningsLine[] {
  const lines: EarningsLine[] = [];
  for (let from = Math.max(0, day - LONGEST_SHIPPING_DAYS - LONGEST_RETURN_DAYS); from < day; from += 1) {
    for (const sale of world.salesOfDay('amazon-associates', from)) {
      if (sale.fate !== 'kept' && from + shippingDays(sale) + returnDays(sale) === day)
        lines.push(line(world, sale, day, -1));
    }
  }
  return lines;
}

function shippingDays({ number }: WorldSale): number {
  return number % (LONGEST_SHIPPING_DAYS + 1);
}

function returnDays({ fateShare }: WorldSale): number {
  return 1 + Math.floor(fateShare * (LONGEST_RETURN_DAYS - 1));
}

function line(world: World, sale: WorldSale, day: number, sign: 1 | -1): EarningsLine {
  const { merchant, number, subId } = sale;
  const good = new Random(world.seed, 'amazon-associates', number, 'good').pick(GOODS);
  // The same digits stand for cents and for yen.
  const earned = Math.round((good.units * rateOf(good, merchant)) / 10_000);
  const amounts = {
    sale: inUnits(sign * good.units, merchant.places),
    commission: inUnits(sign * earned, merchant.places),
  };
  const { storeId } = storeOf(world);
  return {
    sale,
    category: good.category,
    item: good.item,
    asin: good.asin,
    seller: good.seller,
    trackingId: number % 4 === 0 ? `second-${storeId}` : storeId,
    date: utcDay(addDays(world.start, day)),
    price: amountCell(inUnits(good.units, merchant.places), merchant.places),
    quantity: String(sign),
    ...moneyCells(amounts, merchant.places),
    rate: `${(rateOf(good, merchant) / 100).toFixed(2)}%`,
    subTag: subTagsOf(world) ? (subId ?? '') : '',
    amounts,
  };
}

/** A gift card earns nothing, and its zero is a line like any other. */
function rateOf(good: (typeof GOODS)[number], merchant: Merchant): number {
  return good.category === 'Gift Cards' ? 0 : merchant.rate;
}

/** A corrected line: the fee was counted again and differs by a cent, or a yen. */
function restated(line: EarningsLine): EarningsLine {
  const { places } = line.sale.merchant;
  const amounts = { ...line.amounts, commission: sum([line.amounts.commission, inUnits(1, places)]) };
  return { ...line, ...moneyCells(amounts, places), amounts };
}

function moneyCells({ sale, commission }: Amounts, places: number) {
  return { revenue: amountCell(sale, places), earnings: amountCell(commission, places) };
}

function amountCell(amount: Decimal, places: number): string {
  return places === 0 ? amount.slice(0, -7) : amount.slice(0, places - 6);
}

/**
 * Amazon gives no ids, so readers agree on one made of the line's own cells and its ordinal among equal lines of the
 * same file. Two versions of a file thus share the ids of the lines that did not change.
 */
function identified({ lines }: EarningsFile): Map<string, EarningsLine> {
  const seen = new Map<string, number>();
  return new Map(
    lines.map((line) => {
      const cells = ['1', line.sale.merchant.id, 'earnings', line.date, line.trackingId, line.asin, line.seller];
      const key = [...cells, line.subTag, line.quantity, line.revenue, line.earnings].join('\u001f');
      const ordinal = seen.get(key) ?? 0;
      seen.set(key, ordinal + 1);
      return [earningsId(`${key}\u001f${ordinal}`), line];
    }),
  );
}

/** The agreed id of a line, from its parts joined with U+001F. */
export function earningsId(parts: string): string {
  return `amz-${createHash('sha256').update(parts, 'utf8').digest('hex').slice(0, 32)}`;
}

function row(id: string, line: EarningsLine, from: Date, goneAt: Date | null): NetworkRow {
  const isReturn = line.quantity.startsWith('-');
  return {
    id,
    sale: line.sale,
    saleKey: null,
    part: isReturn ? 'correction' : 'original',
    programId: line.sale.merchant.id,
    occurredAt: new Date(`${line.date}T00:00:00Z`),
    states: [
      {
        from,
        event: 'appeared',
        status: isReturn ? 'reversed' : 'approved',
        amounts: line.amounts,
        subId: line.subTag || null,
      },
    ],
    goneAt,
  };
}

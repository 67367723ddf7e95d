import { plainAmount, sum } from '../../core/money.ts';
import { daysOf } from '../../core/time-window.ts';
import { type EarningsFile, type EarningsLine, earningsFiles, storeOf, subTagsOf } from '../lives/amazon-associates.ts';
import type { World } from '../world.ts';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** The earnings of one day as the API's files have them; `-` stands for a missing sub tag. */
export function earningsTsv(world: World, { date, lines }: EarningsFile): string {
  const hasSubTags = subTagsOf(world);
  const [year, month, day] = date.split('-').map(Number);
  const header =
    'Product Line,Item,ASIN,Seller,Tracking ID,Date Shipped,Price,Quantity,Revenue,Earnings,Referral Fee Rate';
  return tsv([
    [`Earnings report for ${storeOf(world).storeId}`, `${MONTHS[(month ?? 1) - 1]} ${day}, ${year}`],
    [...header.split(','), ...(hasSubTags ? ['Sub Tag'] : [])],
    ...lines.map((line) => {
      const { category, item, asin, seller, trackingId, price, quantity, revenue, earnings, rate } = line;
      const cells = [category, item, asin, seller, trackingId, line.date, price, quantity, revenue, earnings, rate];
      return [...cells, ...(hasSubTags ? [line.subTag || '-'] : [])];
    }),
  ]);
}

/** Orders hold no commission: readers must leave them alone. */
export function ordersTsv({ date, lines }: EarningsFile): string {
  const header =
    'Product Line,Item,ASIN,Tracking ID,Date Ordered,Link Type,Direct Clicks,Direct Ordered Quantity,Indirect Ordered Quantity,Total Ordered Quantity,Direct Conversion Percentage';
  return tsv([
    header.split(','),
    ...lines
      .filter(({ quantity }) => quantity === '1')
      .map(({ category, item, asin, trackingId }) => [
        category,
        item,
        asin,
        trackingId,
        date,
        'Text',
        '3',
        '1',
        '0',
        '1',
        '33.33%',
      ]),
  ]);
}

/** Clicks and sums per tracking id. */
export function trackingTsv(storeId: string, clicks: number, { lines }: EarningsFile): string {
  const header =
    'Associate ID,Clicks,Items Ordered,Items Shipped,Shipped Revenue,Referral Fees,Ordered Revenue,Shipped Earnings';
  const shipped = lines.filter(({ quantity }) => quantity === '1');
  const revenue = plainAmount(sum(shipped.map(({ amounts }) => amounts.sale)));
  const fees = plainAmount(sum(shipped.map(({ amounts }) => amounts.commission)));
  const count = String(shipped.length);
  return tsv([header.split(','), [storeId, String(clicks), count, count, revenue, fees, revenue, fees]]);
}

export function clicksOf(world: World, day: number): number {
  return world.clicksOfDay('amazon-associates', day).reduce((total, { clicks }) => total + clicks, 0);
}

/**
 * What a hand download of the same days holds: Fee-Earnings as CSV with a byte-order mark, a title line, US dates and no
 * sub tags. Only days whose file is out are in it.
 */
export function earningsCsv(world: World, start: Date, end: Date): string {
  const now = world.clock.now();
  const lines = daysOf({ start, end })
    .map((date) => world.dayOf(new Date(date)))
    .filter((day) => day >= 0)
    .flatMap(
      (day) => earningsFiles(world, day).findLast((file) => file !== undefined && file.publishedAt <= now)?.lines ?? [],
    );
  const sign = { USD: '$', GBP: '£', EUR: '€', JPY: '¥' }[storeOf(world).currency] ?? '$';
  const header = `Category,Name,ASIN,Seller,Tracking ID,Date Shipped,Price(${sign}),Items Shipped,Returns,Revenue(${sign}),Ad Fees(${sign}),Device Type Group`;
  const text = [['Fee-Earnings reports'], header.split(','), ...lines.map(csvCells)]
    .map((cells) => cells.map(quotedWhereNeeded).join(','))
    .join('\r\n');
  return `\ufeff${text}\r\n`;
}

function csvCells(line: EarningsLine): string[] {
  const [year, month, day] = line.date.split('-');
  const date = `${MONTHS[Number(month) - 1]} ${day} ${year}`;
  const returns = line.quantity === '1' ? '0' : '1';
  const { category, item, asin, seller, trackingId, price, quantity, revenue, earnings } = line;
  return [category, item, asin, seller, trackingId, date, price, quantity, returns, revenue, earnings, 'Desktop'];
}

function tsv(rows: readonly (readonly string[])[]): string {
  return `${rows.map((cells) => cells.map((cell) => (cell.includes('"') ? quoted(cell) : cell)).join('\t')).join('\n')}\n`;
}

function quotedWhereNeeded(cell: string): string {
  return /[",]/.test(cell) ? quoted(cell) : cell;
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

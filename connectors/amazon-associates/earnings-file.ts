import { createHash } from 'node:crypto';
import { FileRefusedError } from '../../core/errors.ts';
import { utcDay } from '../../core/time-window.ts';
import type { Page } from '../contract.ts';
import { isoDay, monthFirstIn, plainNumber } from './cells.ts';
import { isEarningsHeader } from './columns.ts';
import type { Marketplace } from './marketplaces.ts';
import { type ReportItem, readItems, reportName } from './report-items.ts';

/** One line of an earnings report, read as far as the file alone allows: what `normalise` gets. */
interface EarningsRow {
  readonly id: string;
  /** `YYYY-MM-DD`, the marketplace's business day. */
  readonly day: string;
  readonly asin: string;
  readonly itemName: string;
  readonly seller: string;
  readonly trackingId: string;
  readonly subTag: string;
  readonly quantity: string;
  /** Plain numbers where the cells hold some, else the cells themselves: `normalise` refuses those. */
  readonly revenue: string;
  readonly earnings: string;
}

/**
 * Reads an earnings report. Rows of one day replace that day as a whole; a file that its name gives to one day says
 * nothing about the other days whose rows may stand in it, so those are added and replace nothing.
 */
export function readEarnings(bytes: Buffer, fileName: string, marketplace: Marketplace): Page[] {
  const fileDay = reportName(fileName)?.day ?? null;
  const items = readItems(bytes, isEarningsHeader).filter((item) => item.cell('asin') !== '');
  const monthFirst = monthFirstIn(items.map((item) => item.cell('date'))) ?? marketplace.monthFirst;
  const idOf = rowIds(marketplace);
  const byDay = new Map<string, EarningsRow[]>(fileDay ? [[fileDay, []]] : []);
  for (const item of items) {
    const day = dayOf(item, monthFirst) ?? fileDay ?? noDay(item);
    const rows = byDay.get(day) ?? [];
    rows.push(toRow(item, day, idOf(item, day), marketplace));
    byDay.set(day, rows);
  }
  return [...byDay]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, rows]) => (fileDay === null || day === fileDay ? { day, rows } : rows));
}

function toRow(item: ReportItem, day: string, id: string, marketplace: Marketplace): EarningsRow {
  const amount = (cell: string) => plainNumber(cell, marketplace) ?? cell;
  return {
    id,
    day,
    asin: item.cell('asin'),
    itemName: item.cell('itemName'),
    seller: item.cell('seller'),
    trackingId: item.cell('trackingId'),
    subTag: subTagOf(item),
    quantity: item.cell('quantity'),
    revenue: amount(item.cell('revenue')),
    earnings: amount(item.cell('earnings')),
  };
}

/** Amazon writes a dash where a click carried no sub tag. */
function subTagOf(item: ReportItem): string {
  const text = item.cell('subTag');
  return text === '-' ? '' : text;
}

function dayOf(item: ReportItem, monthFirst: boolean): string | null {
  const day = isoDay(item.cell('date'), monthFirst);
  const seconds = item.cell('posixSeconds');
  return day ?? (/^\d{9,11}$/.test(seconds) ? utcDay(new Date(Number(seconds) * 1000)) : null);
}

function noDay(item: ReportItem): never {
  const column = item.label('date');
  throw new FileRefusedError(
    `Line ${item.line}: "${item.cell('date').slice(0, 40)}" in the column ${column} is not a date that can be read.`,
    { line: item.line, column },
  );
}

/**
 * Amazon gives its rows no id, so their content is their id: two importers of one file agree. Equal rows are legitimate
 * (two buyers, one item, one day) and told apart by counting them within the file.
 */
function rowIds({ host }: Marketplace): (item: ReportItem, day: string) => string {
  const seen = new Map<string, number>();
  return (item, day) => {
    const content = [
      '1',
      host,
      'earnings',
      day,
      item.cell('trackingId'),
      item.cell('asin'),
      item.cell('seller'),
      subTagOf(item),
      item.cell('quantity'),
      item.cell('revenue'),
      item.cell('earnings'),
    ].join('\u001f');
    const ordinal = seen.get(content) ?? 0;
    seen.set(content, ordinal + 1);
    const hash = createHash('sha256').update(`${content}\u001f${ordinal}`).digest('hex');
    return `amz-${hash.slice(0, 32)}`;
  };
}

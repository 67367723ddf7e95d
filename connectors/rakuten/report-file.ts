import { FileRefusedError } from '../../core/errors.ts';
import type { Page, ReportFile } from '../contract.ts';
import { decodeText, readTable, type TableRow } from '../kit/csv.ts';

/** Columns that a report must have, in the order in which the report editor lists them. */
const NEEDED = [
  'Transaction ID',
  'Order ID',
  'MID',
  'Transaction Date',
  'Transaction Time',
  'Process Date',
  'Process Time',
  'Sales',
  'Total Commission',
  'Currency',
] as const;
const PAGE_ROWS = 5_000;

/**
 * Reports that the owner downloads at Rakuten (individual item, Signature orders). Rows come out in the shape of the
 * Events API, so that a sale read here and one read there are the same sale.
 */
export const reportFile: ReportFile<unknown> = {
  kind: 'rakuten-report',
  title: 'Rakuten report (individual item or Signature orders, CSV)',
  recognises: (head) => head.split(/\r?\n/).some((line) => isHeader(line.split(/[,;\t|]/).map(unquoted))),
  *pages(bytes): Iterable<Page> {
    const { header, rows } = readTable(decodeText(bytes), { findHeader: isHeader });
    const names = new Map(header.map((name) => [plain(name), name]));
    const missing = NEEDED.filter((name) => !names.has(plain(name)));
    if (missing.length > 0) {
      throw new FileRefusedError(
        `The report lacks the ${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')}. Add them in the report editor and download it again.`,
        { column: missing.join(', ') },
      );
    }
    for (let at = 0; at < rows.length; at += PAGE_ROWS) {
      yield rows
        .slice(at, at + PAGE_ROWS)
        .map((row) => toEvent(row, (name) => row.cells[names.get(plain(name)) ?? ''] ?? ''));
    }
  },
};

/** Two columns that no other report has together; the others may be missing, which is worth a sentence of its own. */
function isHeader(cells: readonly string[]): boolean {
  const names = cells.map(plain);
  return names.includes('total commission') && names.includes('mid');
}

function toEvent({ line }: TableRow, cell: (name: string) => string): Record<string, string | number> {
  return {
    line,
    etransaction_id: cell('Transaction ID'),
    advertiser_id: cell('MID'),
    advertiser_name: cell('Advertiser Name'),
    order_id: cell('Order ID'),
    sku_number: cell('SKU Number') || cell('SKU'),
    sale_amount: withoutCommas(cell('Sales')),
    commissions: withoutCommas(cell('Total Commission')),
    currency: cell('Currency'),
    transaction_date: `${cell('Transaction Date')} ${cell('Transaction Time')}`,
    process_date: `${cell('Process Date')} ${cell('Process Time')}`,
    u1: cell('Member ID (U1)') || cell('U1'),
  };
}

/** `1,204.50` is a number with a thousands comma; `12,50` is not, and stays for the row to be set aside. */
export function withoutCommas(amount: string): string {
  return /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(amount) ? amount.replaceAll(',', '') : amount;
}

function plain(name: string): string {
  return name
    .replace(/^\uFEFF/, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

function unquoted(cell: string): string {
  return cell.replace(/^\uFEFF/, '').replace(/^\s*"|"\s*$/g, '');
}

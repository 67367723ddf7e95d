import { type Decimal, plainAmount, sum } from '../../core/money.ts';
import { DAY_MS, utcDay } from '../../core/time-window.ts';
import { skuOf } from '../lives/rakuten.ts';
import { lastChange, type NetworkRow, stateAt } from '../lives/row.ts';
import { json, text, type WireAnswer } from '../wire.ts';
import type { World } from '../world.ts';

export const WEB_SERVICES_TOKEN = '5eed00000000000000000000000000000000000000000000000000000003990001';
const MOST_DAYS = 366;

/**
 * Payments in three steps: report 1 lists payments, 22 the invoices of a payment, 23 the transactions of an invoice.
 * The network does not publish the columns; these are the sandbox's, in the words of the network's own pages:
 *
 * - 1:  `Payment ID, Payment Date, Currency, Advertisers, Invoices, Amount`
 * - 22: `Payment ID, Invoice ID, MID, Advertiser Name, Currency, Commission, Status`
 * - 23: `Invoice ID, Transaction ID, Order ID, SKU, Transaction Date, Sales, Commission, Currency`, where
 *   `Transaction ID` is the feed's `etransaction_id`. Returns that were settled are among them, negative.
 *
 * Reports 2 and 3 are the same in their first version.
 */
export function paymentReport(world: World, query: URLSearchParams): WireAnswer {
  if (query.get('token') !== WEB_SERVICES_TOKEN) return text(401, 'Invalid security token');
  const payments = paymentsAt(world, world.clock.now());
  switch (query.get('reportid')) {
    case '1':
      return paymentHistory(payments, query);
    case '2':
    case '22': {
      const payment = payments.find(({ id }) => id === query.get('payid'));
      return payment ? invoicesOf(payment) : text(200, 'You cannot request a payment that is not yours');
    }
    case '3':
    case '23': {
      const invoice = payments.flatMap(({ invoices }) => invoices).find(({ id }) => id === query.get('invoiceid'));
      return invoice ? detailsOf(invoice) : text(200, 'You cannot request an invoice that is not yours');
    }
    default:
      return json(400, { errors: ['Invalid reportid'] });
  }
}

interface Payment {
  readonly id: string;
  readonly paidAt: Date;
  readonly currency: string;
  readonly invoices: readonly Invoice[];
}

interface Invoice {
  readonly id: string;
  readonly merchantId: string;
  readonly merchantName: string;
  readonly rows: readonly { readonly row: NetworkRow; readonly sale: Decimal; readonly commission: Decimal }[];
}

/** One payment per run and currency, with one invoice per advertiser. */
function paymentsAt(world: World, now: Date): Payment[] {
  const paid = world.rows('rakuten', now).flatMap((row) => {
    const change = lastChange(row, now, 'paid');
    return change ? [{ row, paidAt: change.from, ...(stateAt(row, now) ?? change).amounts }] : [];
  });
  const runs = [...new Set(paid.map(({ row, paidAt }) => `${paidAt.toISOString()} ${row.sale.merchant.currency}`))];
  return runs.sort().map((run) => {
    const [moment = '', currency = ''] = run.split(' ');
    const paidAt = new Date(moment);
    const rows = paid.filter(
      (line) => line.paidAt.getTime() === paidAt.getTime() && line.row.sale.merchant.currency === currency,
    );
    const id = `88${currency.charCodeAt(0)}${(paidAt.getUTCFullYear() - 2020) * 12 + paidAt.getUTCMonth()}`;
    const merchants = [...new Set(rows.map(({ row }) => row.sale.merchant))];
    return {
      id,
      paidAt,
      currency,
      invoices: merchants.map((merchant) => ({
        id: `${id}${merchant.id}`,
        merchantId: merchant.id,
        merchantName: merchant.name,
        rows: rows.filter(({ row }) => row.sale.merchant === merchant),
      })),
    };
  });
}

function paymentHistory(payments: readonly Payment[], query: URLSearchParams): WireAnswer {
  const [start, end] = [query.get('bdate') ?? '', query.get('edate') ?? ''];
  if (!/^\d{8}$/.test(start) || !/^\d{8}$/.test(end)) return json(400, { errors: ['Invalid date range'] });
  if (dayOf(end) - dayOf(start) > MOST_DAYS * DAY_MS) return json(400, { errors: ['Invalid date range'] });
  const found = payments.filter(
    ({ paidAt }) => paidAt.getTime() >= dayOf(start) && paidAt.getTime() < dayOf(end) + DAY_MS,
  );
  return csv(
    ['Payment ID', 'Payment Date', 'Currency', 'Advertisers', 'Invoices', 'Amount'],
    found.map(({ id, paidAt, currency, invoices }) => {
      const amount = sum(invoices.flatMap(({ rows }) => rows.map(({ commission }) => commission)));
      return [id, utcDay(paidAt), currency, String(invoices.length), String(invoices.length), withCommas(amount)];
    }),
  );
}

function invoicesOf({ id, currency, invoices }: Payment): WireAnswer {
  return csv(
    ['Payment ID', 'Invoice ID', 'MID', 'Advertiser Name', 'Currency', 'Commission', 'Status'],
    invoices.map((invoice) => {
      const commission = withCommas(sum(invoice.rows.map((line) => line.commission)));
      return [id, invoice.id, invoice.merchantId, invoice.merchantName, currency, commission, 'Paid'];
    }),
  );
}

function detailsOf(invoice: Invoice): WireAnswer {
  return csv(
    ['Invoice ID', 'Transaction ID', 'Order ID', 'SKU', 'Transaction Date', 'Sales', 'Commission', 'Currency'],
    invoice.rows.map(({ row, sale, commission }) => [
      invoice.id,
      row.id,
      row.sale.orderRef,
      skuOf(row.sale),
      utcDay(row.occurredAt),
      withCommas(sale),
      withCommas(commission),
      row.sale.merchant.currency,
    ]),
  );
}

function dayOf(digits: string): number {
  return Date.parse(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`);
}

/** `1,402.11`, as these reports write amounts. */
function withCommas(amount: Decimal): string {
  return plainAmount(amount).replace(/\B(?=(\d{3})+(?=\.))/g, ',');
}

function csv(header: readonly string[], rows: readonly (readonly string[])[]): WireAnswer {
  const line = (cells: readonly string[]) =>
    cells.map((cell) => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
  return text(200, `${[header, ...rows].map(line).join('\n')}\n`, 'text/csv;charset=UTF-8');
}

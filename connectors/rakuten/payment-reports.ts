import { FileRefusedError, SchemaDriftError } from '../../core/errors.ts';
import { daysOf, type TimeWindow } from '../../core/time-window.ts';
import type { HttpClient, Query } from '../contract.ts';
import { decodeText, readTable } from '../kit/csv.ts';

/**
 * The columns of these reports are not documented, so they are found by name: plain names (lower case, words and digits
 * only) in order of trust. A name that two columns bear decides nothing.
 */
const COLUMNS = {
  'payment id': [/^pay(ment)? ?(id|number|no)$/],
  'payment date': [/^(payment|paid|pay) ?(date|on)$/, /^date$/],
  currency: [/^(payment )?currency( code)?$/],
  amount: [/^(payment |net |total )?amount( paid)?$/, /^total payment$/, /^(net |total )?commissions?$/],
  'invoice id': [/^invoice ?(id|number|no)$/, /^invoice$/],
  'transaction id': [/^e?transaction ?id$/],
} as const satisfies Record<string, readonly RegExp[]>;
type Column = keyof typeof COLUMNS;
type Row = Partial<Record<Column, string>>;

/** One transaction in an invoice that a payment contains. */
interface PaidTransaction {
  readonly transactionId: string;
  readonly paymentId: string;
  readonly paidOn: string;
}

const HISTORY = { report: '1', title: 'payment history', needed: ['payment id'] } as const;
const PAYMENTS = { ...HISTORY, needed: ['payment id', 'currency', 'amount'] } as const;
const INVOICES = { report: '22', title: 'advertiser payment history', needed: ['invoice id'] } as const;
const DETAILS = { report: '23', title: 'payment details', needed: ['transaction id'] } as const;
interface Report {
  readonly report: string;
  readonly title: string;
  readonly needed: readonly Column[];
}

/** The payments that Rakuten sent within the window. Nothing where the account has no Web Services token. */
export async function* payments(http: HttpClient, window: TimeWindow, token: string): AsyncGenerator<readonly Row[]> {
  if (token) yield await read(http, PAYMENTS, { ...daysIn(window), token });
}

/** Follows each payment of the window to its invoices, and each invoice to its transactions. */
export async function* paidTransactions(
  http: HttpClient,
  window: TimeWindow,
  token: string,
): AsyncGenerator<readonly PaidTransaction[]> {
  if (!token) return;
  for (const payment of await read(http, HISTORY, { ...daysIn(window), token })) {
    const paymentId = payment['payment id'] ?? '';
    const invoices = await read(http, INVOICES, { payid: paymentId, token });
    for (const invoiceid of new Set(invoices.map((row) => row['invoice id'] ?? ''))) {
      if (!invoiceid) continue;
      const details = await read(http, DETAILS, { invoiceid, token });
      yield details.map((row) => ({
        transactionId: row['transaction id'] ?? '',
        paymentId,
        paidOn: payment['payment date'] ?? '',
      }));
    }
  }
}

function daysIn(window: TimeWindow) {
  const days = daysOf(window).map((day) => day.replaceAll('-', ''));
  return { bdate: days[0], edate: days.at(-1) };
}

/** Reads one report. `lang` and `locale` would change names and numbers: they are never sent. */
async function read(http: HttpClient, { report, title, needed }: Report, query: Query): Promise<Row[]> {
  const text = decodeText(await http.bytes('/advancedreports/1.0', { reportid: report, ...query }));
  if (text.trim() === '') return [];
  try {
    const { header, rows } = readTable(text, { delimiter: ',', findHeader: (cells) => cells.length > 1 });
    const columns = Object.entries(columnsOf(header));
    const missing = needed.filter((name) => !columns.some(([found]) => found === name));
    if (missing.length > 0) {
      throw new SchemaDriftError(
        `Rakuten's report ${report} (${title}) has no column that is surely the ${missing.join(' and the ')}. Its columns are: ${header.join(', ')}.`,
        null,
      );
    }
    return rows.map(({ cells }) => Object.fromEntries(columns.map(([name, column]) => [name, cells[column]])));
  } catch (error) {
    if (!(error instanceof FileRefusedError)) throw error;
    throw new SchemaDriftError(`Rakuten's report ${report} (${title}) is not a table. ${error.message}`, null, {
      cause: error,
    });
  }
}

function columnsOf(header: readonly string[]): Partial<Record<Column, string>> {
  const plain = header.map((name) =>
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, ' ')
      .trim(),
  );
  const found: Partial<Record<Column, string>> = {};
  for (const [column, patterns] of Object.entries(COLUMNS) as [Column, readonly RegExp[]][]) {
    for (const pattern of patterns) {
      const fitting = header.filter((_, index) => pattern.test(plain[index] ?? ''));
      if (fitting.length !== 1 || !fitting[0]) continue;
      found[column] = fitting[0];
      break;
    }
  }
  return found;
}

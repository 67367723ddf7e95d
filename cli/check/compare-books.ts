import { plainAmount } from '../../core/money.ts';
import type { Database } from '../../db/client.ts';
import { verify } from '../../db/verify.ts';
import { type BookEntry, totalsOf } from '../../sandbox/book.ts';

/** One place where the database does not say what the world's own books say. */
export interface Mismatch {
  readonly what: string;
  readonly expected: string | null;
  readonly found: string | null;
}

/** Holds an account against the books: every row, every daily total, and the ledger against both. To the last digit. */
export async function compareWithBooks(
  db: Database,
  accountId: number,
  book: readonly BookEntry[],
): Promise<Mismatch[]> {
  return [
    ...differences('row', byKey(book, rowOfBook), await rowsOf(db, accountId)),
    ...differences('daily total', byKey(totalsOf(book), totalOfBook), await totalsKept(db, accountId)),
    ...(await verify(db, accountId)).map(({ what, where, kept, ledger }) => ({
      what: `${what} ${where} against the ledger`,
      expected: ledger,
      found: kept,
    })),
  ];
}

type Keyed = readonly [key: string, value: string];

function rowOfBook(entry: BookEntry): Keyed {
  const { networkTransactionId, status, saleAmount, commissionAmount, currency, programId, subId, occurredAt } = entry;
  const amounts = `${plainAmount(saleAmount)} ${plainAmount(commissionAmount)} ${currency}`;
  return [
    networkTransactionId,
    `${status} ${amounts} ${programId} ${subId ?? '-'} ${occurredAt.toISOString()} present`,
  ];
}

async function rowsOf({ pool }: Database, accountId: number): Promise<Map<string, string>> {
  const { rows } = await pool.query(
    `select network_transaction_id as id, status, sale_amount, commission_amount, currency, program_id, sub_id, occurred_at, presence
     from conversions where account_id = $1 and presence <> 'replaced'`,
    [accountId],
  );
  return byKey(rows, (row) => [
    row.id,
    `${row.status} ${plainAmount(row.sale_amount)} ${plainAmount(row.commission_amount)} ${row.currency} ${row.program_id} ${row.sub_id ?? '-'} ${row.occurred_at.toISOString()} ${row.presence}`,
  ]);
}

function totalOfBook(total: ReturnType<typeof totalsOf>[number]): Keyed {
  const { programId, day, status, currency, count, saleAmount, positiveCommission, negativeCommission } = total;
  const sums = [saleAmount, positiveCommission, negativeCommission].map(plainAmount).join(' ');
  return [`${programId} ${day} ${status} ${currency}`, `${count} rows ${sums}`];
}

async function totalsKept({ pool }: Database, accountId: number): Promise<Map<string, string>> {
  const { rows } = await pool.query(
    `select program_id, day, status, currency, conversions, sale_amount, gross, corrections from daily_totals
     where account_id = $1 and (conversions, sale_amount, gross, corrections) is distinct from (0, 0, 0, 0)`,
    [accountId],
  );
  return byKey(rows, (row) => [
    `${row.program_id} ${row.day} ${row.status} ${row.currency}`,
    `${row.conversions} rows ${[row.sale_amount, row.gross, row.corrections].map(plainAmount).join(' ')}`,
  ]);
}

function byKey<T>(items: readonly T[], keyed: (item: T) => Keyed): Map<string, string> {
  return new Map(items.map(keyed));
}

function differences(kind: string, expected: Map<string, string>, found: Map<string, string>): Mismatch[] {
  const keys = new Set([...expected.keys(), ...found.keys()]);
  return [...keys].flatMap((key) => {
    const [wanted, got] = [expected.get(key) ?? null, found.get(key) ?? null];
    return wanted === got ? [] : [{ what: `${kind} ${key}`, expected: wanted, found: got }];
  });
}

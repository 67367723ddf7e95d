import { expect, it } from 'vitest';
import { type Database, openDatabase } from '../../db/client.ts';
import { sale } from '../support/conversions.ts';
import { saveInOneRun, someAccount, useDatabase } from '../support/ledger.ts';

const held = useDatabase();
const ROWS = 2_000;

/** Pages of an account, in the order of their ids. */
const page = (number: number, commission = '1') => ({
  rows: Array.from({ length: ROWS }, (_, index) => sale(`t-${number * ROWS + index}`, { commission })),
});

/** Rows that were read from `conversions`: of the table as it lies, and through its indexes. */
async function rowsRead({ pool }: Database): Promise<{ plain: number; byIndex: number }> {
  const { rows } = await pool.query<{ plain: number; byIndex: number }>(
    `select seq_tup_read::float8 as plain, (select sum(idx_tup_read)::float8 from pg_stat_user_indexes
       where relname = 'conversions') as "byIndex" from pg_stat_user_tables where relname = 'conversions'`,
  );
  return rows[0] ?? { plain: Number.NaN, byIndex: Number.NaN };
}

/** Connections tell what they have read when they end. */
async function ended({ pool }: Database, application: string): Promise<void> {
  const others = 'select 1 from pg_stat_activity where datname = current_database() and application_name = $1';
  while ((await pool.query(others, [application])).rowCount) await new Promise((later) => setTimeout(later, 10));
}

it('looks up the rows of a page and never reads the whole account, from the first page of a new install on', async () => {
  const accountId = await someAccount(held.db);
  const application = 'by key';
  const own = openDatabase(`${held.url}${held.url.includes('?') ? '&' : '?'}application_name=${application}`);
  await saveInOneRun(own, accountId, [page(0), page(1), page(2), page(3), page(0), page(1, '2')]);
  await own.close();
  await ended(held.db, application);
  const { plain, byIndex } = await rowsRead(held.db);
  // Two pages were known and one of them had changed: some look-ups for each of their rows, whatever else the account has.
  expect(plain).toBeLessThan(ROWS);
  expect(byIndex).toBeGreaterThan(ROWS);
  expect(byIndex).toBeLessThan(6 * ROWS);
});

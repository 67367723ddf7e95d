import type pg from 'pg';
import { prepareStaging, STAGED_COLUMNS } from '../db/apply-staged.ts';
import { type Database, inTransaction } from '../db/client.ts';
import { FOLLOWED_NAMES, type HashedConversion, stagingLines } from '../db/conversion-columns.ts';
import { copyInto } from '../db/copy-text.ts';
import { copyBuffer, TABLE } from './bare-copy.ts';

const COLUMNS = TABLE.slice(TABLE.indexOf('(') + 1, -1);
const UPDATE_ALL = `on conflict (account_id, network_transaction_id) do update set
  ${['day', ...FOLLOWED_NAMES, 'raw'].map((name) => `${name} = excluded.${name}`).join(', ')},
  version = conversions.version + 1, changed_at = excluded.changed_at`;

/** What loaders usually do: every row of a page by COPY into a temporary table, and from there an upsert of every row. */
export async function stagedUpsert(db: Database, pages: readonly Buffer[]): Promise<void> {
  for (const lines of pages) {
    await inTransaction(
      db,
      async (client) => {
        await copyBuffer(client, TABLE.replace('conversions', 'usual_staged'), lines);
        await client.query(`insert into conversions (${COLUMNS}) select ${COLUMNS} from usual_staged ${UPDATE_ALL}`);
      },
      prepareUsualStaging,
    );
  }
}

async function prepareUsualStaging(client: pg.PoolClient): Promise<void> {
  await client.query(
    `create temp table if not exists usual_staged on commit delete rows as
     select ${COLUMNS} from conversions with no data`,
  );
}

/** What most programs do: one statement, and so one commit, for each row. */
export async function rowByRow(
  { pool }: Database,
  accountId: number,
  rows: readonly HashedConversion[],
): Promise<void> {
  const client = await pool.connect();
  const names = COLUMNS.split(', ');
  const text = `insert into conversions (${COLUMNS}) values (${names.map((_, at) => `$${at + 1}`).join(', ')}) ${UPDATE_ALL}`;
  for (const { row, hash } of rows) {
    const values = [
      accountId,
      row.occurredAt,
      1,
      row.occurredAt,
      row.occurredAt,
      row.networkTransactionId,
      row.status,
      row.statusRaw,
      row.saleAmount,
      row.commissionAmount,
      row.currency,
      row.occurredAt,
      row.clickedAt,
      row.updatedAt,
      row.validatedAt,
      row.lockedAt,
      row.paidAt,
      row.programId,
      row.subId,
      row.saleKey,
      row.orderRef,
      row.paymentRef,
      'present',
      hash,
      JSON.stringify(row.raw),
    ];
    await client.query({ name: 'upsert', text, values });
  }
  client.release();
}

/** Our own staging table and the upsert out of it, without ledger and roll-ups. */
export async function upsertAlone(
  db: Database,
  accountId: number,
  pages: readonly (readonly HashedConversion[])[],
): Promise<void> {
  const own = STAGED_COLUMNS;
  for (const page of pages) {
    await inTransaction(
      db,
      async (client) => {
        await copyInto(client, `staged (${own})`, stagingLines(page));
        await client.query(
          `insert into conversions (account_id, day, version, first_seen_at, changed_at, ${own})
           select $1, (occurred_at at time zone 'UTC')::date, 1, now(), now(), ${own} from staged ${UPDATE_ALL}`,
          [accountId],
        );
      },
      prepareStaging,
    );
  }
}

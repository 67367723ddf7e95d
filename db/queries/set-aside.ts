import { createHash } from 'node:crypto';
import type pg from 'pg';
import { textArray } from '../ask.ts';
import { storableJson } from '../copy-text.ts';
import type { RunHandle } from '../fence.ts';

/** A row that could not be read whole: kept with its reason until somebody or something reads it. */
export interface SetAsideRow {
  readonly stream: string;
  readonly pass: string;
  readonly reason: string;
  readonly raw: unknown;
  readonly networkTransactionId: string | null;
}

/** Keeps rows that nobody could read. The same row again, with the same reason, writes nothing. */
export async function saveSetAside(
  client: pg.PoolClient,
  run: RunHandle,
  observedAt: Date,
  rows: readonly SetAsideRow[],
): Promise<void> {
  for (const row of rows) {
    const raw = storableJson(row.raw);
    await client.query(
      `insert into set_aside as s (account_id, row_key, stream, pass, network_transaction_id, reason, raw, run_id, first_seen_at, last_seen_at)
       select $1, $2::uuid, $3, $4, $5, $6, $7::jsonb, $8, $9, $9
       where not exists (
         select 1 from set_aside known
         where known.account_id = $1 and known.row_key = $2::uuid and known.reason = $6 and known.resolved_at is null)
       on conflict (account_id, row_key) do update set
         reason = excluded.reason, run_id = excluded.run_id, last_seen_at = excluded.last_seen_at, resolved_at = null`,
      [
        run.accountId,
        rowKey(row.stream, raw),
        row.stream,
        row.pass,
        row.networkTransactionId,
        row.reason,
        raw,
        run.runId,
        observedAt,
      ],
    );
  }
}

/** A row with this id has been read after all: what was set aside of it is settled. */
export async function resolveSetAside(
  client: pg.PoolClient,
  accountId: number,
  at: Date,
  rows: readonly { readonly networkTransactionId: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `update set_aside set resolved_at = $2
     where account_id = $1 and resolved_at is null and network_transaction_id = any($3::text[])`,
    [accountId, at, textArray(rows.map((row) => row.networkTransactionId))],
  );
}

export interface OpenSetAside extends SetAsideRow {
  readonly rowKey: string;
  readonly firstSeenAt: Date;
}

/** Rows still waiting, oldest first. */
export async function openSetAside(pool: pg.Pool, accountId: number, limit = 10_000): Promise<OpenSetAside[]> {
  const { rows } = await pool.query<OpenSetAside>(
    `select row_key as "rowKey", stream, pass, reason, raw, network_transaction_id as "networkTransactionId", first_seen_at as "firstSeenAt"
     from set_aside where account_id = $1 and resolved_at is null order by first_seen_at, row_key limit $2`,
    [accountId, limit],
  );
  return rows;
}

/** Settles rows by their key, after they have been taken up again. */
export async function closeSetAside(
  pool: pg.Pool,
  accountId: number,
  rowKeys: readonly string[],
  at: Date,
): Promise<void> {
  await pool.query('update set_aside set resolved_at = $3 where account_id = $1 and row_key = any($2::uuid[])', [
    accountId,
    `{${rowKeys.join(',')}}`,
    at,
  ]);
}

function rowKey(stream: string, raw: string): string {
  return createHash('md5').update(`${stream}\u001f${raw}`).digest('hex');
}

import type { Database } from '../client.ts';

/** Network ids of rows that still may move and happened since `since`, in lots of at most `size`, oldest row first. */
export async function* openIds(
  { pool }: Database,
  accountId: number,
  { statuses, since, size }: { statuses: readonly string[]; since: Date; size: number },
): AsyncGenerator<string[]> {
  let after = 0;
  while (true) {
    const { rows } = await pool.query<{ id: number; network_transaction_id: string }>(
      `select id, network_transaction_id from conversions
       where account_id = $1 and status = any($2::text[]) and status in ('pending', 'approved') and occurred_at >= $3
         and presence <> 'replaced' and id > $4
       order by id limit $5`,
      [accountId, statuses, since, after, size],
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => row.network_transaction_id);
    after = last.id;
  }
}

import type { Database } from '../client.ts';

/** Network ids of all rows that still may move, however old, in lots of at most `size`, in the order of their discovery. */
export async function* openIds(
  { pool }: Database,
  accountId: number,
  { statuses, size }: { statuses: readonly string[]; size: number },
): AsyncGenerator<string[]> {
  let after = 0;
  while (true) {
    const { rows } = await pool.query<{ id: number; network_transaction_id: string }>(
      `select id, network_transaction_id from conversions
       where account_id = $1 and status = any($2::text[]) and status in ('pending', 'approved')
         and presence <> 'replaced' and id > $3
       order by id limit $4`,
      [accountId, statuses, after, size],
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => row.network_transaction_id);
    after = last.id;
  }
}

import { textArray } from '../ask.ts';
import type { Database } from '../client.ts';

/** Which of these ids of a network we hold a conversion of. */
export async function knownIds({ pool }: Database, accountId: number, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await pool.query<{ id: string }>(
    'select network_transaction_id as id from conversions where account_id = $1 and network_transaction_id = any($2::text[])',
    [accountId, textArray(ids)],
  );
  return new Set(rows.map(({ id }) => id));
}

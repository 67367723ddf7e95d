import { applyStaged, prepareStaging, STAGED_COLUMNS } from '../apply-staged.ts';
import { textArray } from '../ask.ts';
import { type Database, inTransaction } from '../client.ts';
import { FOLLOWED_NAMES } from '../conversion-columns.ts';
import { holdFence, type RunHandle } from '../fence.ts';
import { countSaved } from './runs.ts';

export interface SettlementRow {
  readonly networkTransactionId: string;
  readonly paymentRef: string;
  readonly paidAt: Date | null;
}

/**
 * Keeps word that conversions have been paid, and takes those that are still open to `paid` with a ledger line each. Word
 * about a conversion that is not known yet waits for it. Returns how many conversions became paid.
 */
export async function saveSettlements(
  db: Database,
  run: RunHandle,
  settlements: readonly SettlementRow[],
  observedAt: Date,
): Promise<number> {
  const fresh = await unknownSettlements(db, run.accountId, settlements);
  if (fresh.length === 0) return 0;
  const ids = textArray(fresh.map((row) => row.networkTransactionId));
  return inTransaction(
    db,
    async (client) => {
      await holdFence(client, run);
      await client.query(
        `insert into settlements (account_id, network_transaction_id, payment_ref, paid_at, run_id, observed_at)
         select $1, id, ref, at, $5, $6 from unnest($2::text[], $3::text[], $4::timestamptz[]) as said (id, ref, at)
         on conflict (account_id, network_transaction_id) do nothing`,
        [
          run.accountId,
          ids,
          textArray(fresh.map((row) => row.paymentRef)),
          fresh.map((row) => row.paidAt),
          run.runId,
          observedAt,
        ],
      );
      await client.query(
        `insert into staged (${STAGED_COLUMNS})
         select network_transaction_id, ${FOLLOWED_NAMES.join(', ')}, null from conversions
         where account_id = $1 and network_transaction_id = any($2::text[]) and status in ('pending', 'approved')`,
        [run.accountId, ids],
      );
      const { changed } = await applyStaged(client, { ...run, observedAt });
      await countSaved(client, run, { created: 0, changed, vanished: 0, setAside: 0 });
      return changed;
    },
    prepareStaging,
  );
}

async function unknownSettlements(
  { pool }: Database,
  accountId: number,
  settlements: readonly SettlementRow[],
): Promise<SettlementRow[]> {
  const byId = new Map(settlements.map((row) => [row.networkTransactionId, row]));
  if (byId.size === 0) return [];
  const { rows } = await pool.query<{ id: string }>(
    `select network_transaction_id as id from settlements where account_id = $1 and network_transaction_id = any($2::text[])`,
    [accountId, textArray([...byId.keys()])],
  );
  for (const { id } of rows) byId.delete(id);
  return [...byId.values()];
}

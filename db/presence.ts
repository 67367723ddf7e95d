import type pg from 'pg';
import type { TimeWindow } from '../core/time-window.ts';
import { applyStaged, prepareStaging, STAGED_COLUMNS } from './apply-staged.ts';
import { textArray } from './ask.ts';
import { type Database, inTransaction } from './client.ts';
import { FOLLOWED_NAMES, type HashedConversion } from './conversion-columns.ts';
import { holdFence, type RunHandle } from './fence.ts';
import { countSaved } from './queries/runs.ts';

const FOLLOWED_AS = FOLLOWED_NAMES.map((name) => (name === 'presence' ? '$3' : name)).join(', ');

/** Stages rows that we hold, unchanged but for their presence: so they go the same way as any other change. */
export async function stageAs(
  client: pg.PoolClient,
  accountId: number,
  ids: readonly string[],
  presence: 'missing' | 'replaced',
): Promise<void> {
  if (ids.length === 0) return;
  await client.query(
    `insert into staged (${STAGED_COLUMNS})
     select network_transaction_id, ${FOLLOWED_AS}, null from conversions
     where account_id = $1 and network_transaction_id = any($2::text[])`,
    [accountId, textArray(ids), presence],
  );
}

/** Ids that we hold as present for a UTC day and that its whole new report no longer has. */
export async function absentFromDay(
  { pool }: Database,
  accountId: number,
  day: string,
  report: readonly HashedConversion[],
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select network_transaction_id as id from conversions
     where account_id = $1 and presence = 'present'
       and occurred_at >= $2::date at time zone 'UTC' and occurred_at < ($2::date + 1) at time zone 'UTC'
       and not network_transaction_id = any($3::text[])`,
    [accountId, day, textArray(report.map(({ row }) => row.networkTransactionId))],
  );
  return rows.map(({ id }) => id);
}

const BATCH = 5_000;

/**
 * Marks rows as `missing` that lie in a window which has been read whole and that the network no longer listed. They stay
 * in every total: we keep the network's last word, and say that it has fallen silent. Returns how many there were.
 */
export async function markMissing(
  db: Database,
  run: RunHandle,
  window: TimeWindow,
  wasListed: (id: string) => boolean,
  observedAt: Date,
): Promise<number> {
  let marked = 0;
  for await (const held of presentIds(db, run.accountId, window)) {
    const missing = held.filter((id) => !wasListed(id));
    if (missing.length === 0) continue;
    await inTransaction(
      db,
      async (client) => {
        await holdFence(client, run);
        await stageAs(client, run.accountId, missing, 'missing');
        await applyStaged(client, { ...run, observedAt });
        await countSaved(client, run, { created: 0, changed: 0, vanished: missing.length, setAside: 0 });
      },
      prepareStaging,
    );
    marked += missing.length;
  }
  return marked;
}

async function* presentIds({ pool }: Database, accountId: number, window: TimeWindow): AsyncGenerator<string[]> {
  let after = 0;
  while (true) {
    const { rows } = await pool.query<{ id: number; network_transaction_id: string }>(
      `select id, network_transaction_id from conversions
       where account_id = $1 and occurred_at >= $2 and occurred_at < $3 and presence = 'present' and id > $4
       order by id limit ${BATCH}`,
      [accountId, window.start, window.end, after],
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => row.network_transaction_id);
    after = last.id;
  }
}

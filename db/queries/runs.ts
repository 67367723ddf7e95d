import type pg from 'pg';
import type { TributaryError } from '../../core/errors.ts';
import { StaleRunError } from '../../core/errors.ts';
import type { Database } from '../client.ts';
import type { RunHandle } from '../fence.ts';

export type RunKind = 'live' | 'back-fill' | 'import' | 'again';
export type RunState = 'running' | 'done' | 'failed' | 'given back' | 'abandoned';

/**
 * Opens a run: raises the account's epoch, so that any older run can no longer write, and calls runs that never ended
 * abandoned. Throws a StaleRunError where the account has been removed.
 */
export async function beginRun(
  db: Database,
  { accountId, pass, kind, at }: { accountId: number; pass: string; kind: RunKind; at: Date },
): Promise<RunHandle> {
  const { rows } = await db.pool.query<{ id: number; epoch: number }>(
    `with raised as (
       update accounts set epoch = epoch + 1 where id = $1 and removed_at is null returning epoch
     ), left_open as (
       update runs set state = 'abandoned', ended_at = $4 where account_id = $1 and state = 'running'
     )
     insert into runs (account_id, pass, kind, epoch, started_at) select $1, $2, $3, epoch, $4 from raised
     returning id, epoch`,
    [accountId, pass, kind, at],
  );
  const [begun] = rows;
  if (!begun) throw new StaleRunError(`Account ${accountId} is no longer there.`);
  return { runId: begun.id, accountId, epoch: begun.epoch };
}

export interface SavedCounts {
  readonly created: number;
  readonly changed: number;
  readonly vanished: number;
  readonly setAside: number;
}

/** Adds what a page changed to the counters of its run, inside the page's transaction. */
export async function countSaved(client: pg.PoolClient, run: RunHandle, counts: SavedCounts): Promise<void> {
  await client.query(
    `update runs set rows_new = rows_new + $2, rows_changed = rows_changed + $3, rows_vanished = rows_vanished + $4,
       rows_set_aside = rows_set_aside + $5 where id = $1`,
    [run.runId, counts.created, counts.changed, counts.vanished, counts.setAside],
  );
}

/** What a run has read so far; kept in memory and written when a window closes, because reading alone writes nothing. */
export interface ReadCounts {
  calls: number;
  pages: number;
  rows: number;
}

/**
 * Closes a run with its outcome and all that it has read. A run that was overtaken stays `abandoned`.
 */
export async function endRun(
  { pool }: Database,
  run: RunHandle,
  outcome: { state: Exclude<RunState, 'running'>; at: Date; read: ReadCounts; error?: TributaryError | undefined },
): Promise<void> {
  const { state, at, read, error } = outcome;
  await pool.query(
    `update runs set state = $2, ended_at = $3, calls = $4, pages = $5, rows_read = $6,
       error_code = $7, error = $8, network_words = $9
     where id = $1 and state = 'running'`,
    [
      run.runId,
      state,
      at,
      read.calls,
      read.pages,
      read.rows,
      error?.code ?? null,
      error?.message ?? null,
      error?.networkWords ?? null,
    ],
  );
}

export interface RunOutcome {
  readonly state: RunState;
  readonly rows: number;
  readonly created: number;
  readonly changed: number;
  readonly setAside: number;
}

/** What the newest run of a pass came to; null where there was none. */
export async function newestRun(
  { pool }: Database,
  accountId: number,
  pass: string,
  kind: RunKind,
): Promise<RunOutcome | null> {
  const { rows } = await pool.query<RunOutcome>(
    `select state, rows_read as rows, rows_new as created, rows_changed as changed, rows_set_aside as "setAside"
     from runs where account_id = $1 and pass = $2 and kind = $3 order by id desc limit 1`,
    [accountId, pass, kind],
  );
  return rows[0] ?? null;
}

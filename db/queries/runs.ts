import type pg from 'pg';
import type { TributaryError } from '../../core/errors.ts';
import { StaleRunError } from '../../core/errors.ts';
import type { TimeWindow } from '../../core/time-window.ts';
import { type Database, inTransaction } from '../client.ts';
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
  return inTransaction(db, async (client) => {
    const raised = await client.query<{ epoch: number }>(
      'update accounts set epoch = epoch + 1 where id = $1 and removed_at is null returning epoch',
      [accountId],
    );
    const epoch = raised.rows[0]?.epoch;
    if (epoch === undefined) throw new StaleRunError(`Account ${accountId} is no longer there.`);
    await client.query(
      `update runs set state = 'abandoned', ended_at = $2 where account_id = $1 and state = 'running'`,
      [accountId, at],
    );
    const { rows } = await client.query<{ id: number }>(
      'insert into runs (account_id, pass, kind, epoch, started_at) values ($1, $2, $3, $4, $5) returning id',
      [accountId, pass, kind, epoch, at],
    );
    return { runId: rows[0]?.id ?? 0, accountId, epoch };
  });
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

/** Writes the reading counters and the window that was asked for. */
export async function noteProgress(
  client: pg.Pool | pg.PoolClient,
  run: RunHandle,
  read: ReadCounts,
  window?: TimeWindow,
): Promise<void> {
  await client.query(
    `update runs set calls = $2, pages = $3, rows_read = $4,
       window_start = least(window_start, $5), window_end = greatest(window_end, $6) where id = $1`,
    [run.runId, read.calls, read.pages, read.rows, window?.start ?? null, window?.end ?? null],
  );
}

/** Closes a run with its outcome. A run that was overtaken stays `abandoned`. */
export async function endRun(
  { pool }: Database,
  run: RunHandle,
  outcome: { state: Exclude<RunState, 'running'>; at: Date; error?: TributaryError | undefined },
): Promise<void> {
  await pool.query(
    `update runs set state = $2, ended_at = $3, error_code = $4, error = $5, network_words = $6
     where id = $1 and state = 'running'`,
    [
      run.runId,
      outcome.state,
      outcome.at,
      outcome.error?.code ?? null,
      outcome.error?.message ?? null,
      outcome.error?.networkWords ?? null,
    ],
  );
}

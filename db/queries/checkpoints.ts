import type pg from 'pg';
import type { TimeWindow } from '../../core/time-window.ts';
import type { Database } from '../client.ts';
import { behindFence, type RunHandle } from '../fence.ts';
import type { ReadCounts } from './runs.ts';

/** How far one pass of one account has read. */
export interface Checkpoint {
  readonly pass: string;
  /** Everything before it has been asked for; null: never yet. */
  readonly completeUntil: Date | null;
  /** Where an interrupted sweep goes on; null: none is under way. */
  readonly resumeFrom: Date | null;
  readonly historyReached: Date | null;
  readonly historyGoal: Date | null;
  readonly lastDoneAt: Date | null;
  readonly failures: number;
}

const COLUMNS = `pass, complete_until as "completeUntil", window_start as "resumeFrom", history_reached as "historyReached",
  history_goal as "historyGoal", last_done_at as "lastDoneAt", failures`;

/** The checkpoints of an account by pass. */
export async function readCheckpoints({ pool }: Database, accountId: number): Promise<Map<string, Checkpoint>> {
  const { rows } = await pool.query<Checkpoint>(`select ${COLUMNS} from checkpoints where account_id = $1`, [
    accountId,
  ]);
  return new Map(rows.map((row) => [row.pass, row]));
}

/** A window of a live pass has been read: the sweep would go on at its end. Counters and checkpoint commit together. */
export async function closeWindow(
  db: Database,
  run: RunHandle,
  pass: string,
  window: TimeWindow,
  read: ReadCounts,
): Promise<void> {
  await behindFence(
    db,
    run,
    `, reached as (
       insert into checkpoints (account_id, pass, window_start) select id, $9, $5 from fence
       on conflict (account_id, pass) do update set window_start = excluded.window_start
     ) ${NOTE_PROGRESS}`,
    [...progressOf(run, window, read), pass],
  );
}

/** The sweep has come to its end. `complete_until` only ever moves forward. */
export async function closePass(db: Database, run: RunHandle, pass: string, until: Date, at: Date): Promise<void> {
  await behindFence(
    db,
    run,
    `insert into checkpoints as c (account_id, pass, complete_until, last_done_at) select id, $3, $4, $5 from fence
     on conflict (account_id, pass) do update set
       complete_until = greatest(c.complete_until, excluded.complete_until), last_done_at = excluded.last_done_at,
       window_start = null, failures = 0`,
    [pass, until, at],
  );
}

/** History has been read back to the start of this window. */
export async function closeHistoryWindow(
  db: Database,
  run: RunHandle,
  pass: string,
  window: TimeWindow,
  read: ReadCounts,
): Promise<void> {
  await behindFence(
    db,
    run,
    `, reached as (
       update checkpoints c set history_reached = least(c.history_reached, $4), failures = 0
       from fence where c.account_id = fence.id and c.pass = $9
     ) ${NOTE_PROGRESS}`,
    [...progressOf(run, window, read), pass],
  );
}

function progressOf(run: RunHandle, window: TimeWindow, read: ReadCounts): unknown[] {
  return [run.runId, window.start, window.end, read.calls, read.pages, read.rows];
}

/** `$3` the run, `$4` and `$5` its window, `$6` to `$8` what it has read so far. */
const NOTE_PROGRESS = `update runs set window_start = least(runs.window_start, $4::timestamptz),
  window_end = greatest(runs.window_end, $5::timestamptz), calls = $6, pages = $7, rows_read = $8
  from fence where runs.id = $3`;

/** Sets how deep history shall go; a deeper goal than before makes the back-fill go on from where it is. */
export async function planHistory(
  client: pg.Pool | pg.PoolClient,
  accountId: number,
  pass: string,
  plan: { from: Date; goal: Date },
): Promise<void> {
  await client.query(
    `insert into checkpoints as c (account_id, pass, history_reached, history_goal) values ($1, $2, $3, $4)
     on conflict (account_id, pass) do update set
       history_reached = coalesce(c.history_reached, excluded.history_reached), history_goal = excluded.history_goal`,
    [accountId, pass, plan.from, plan.goal],
  );
}

/** One more failure in a row. */
export async function countFailure({ pool }: Database, accountId: number, pass: string): Promise<void> {
  await pool.query(
    `insert into checkpoints as c (account_id, pass, failures) values ($1, $2, 1)
     on conflict (account_id, pass) do update set failures = c.failures + 1`,
    [accountId, pass],
  );
}

/** Keeps that a stretch of time was missed for good: only a file of the network can fill it. */
export async function noteGap({ pool }: Database, accountId: number, pass: string, gap: TimeWindow): Promise<void> {
  await pool.query(
    `update checkpoints set gap_start = least(gap_start, $3), gap_end = greatest(gap_end, $4) where account_id = $1 and pass = $2`,
    [accountId, pass, gap.start, gap.end],
  );
}

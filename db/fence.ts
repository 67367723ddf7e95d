import type pg from 'pg';
import { StaleRunError } from '../core/errors.ts';
import type { Database } from './client.ts';

/** A run under way and the epoch that it holds of its account. */
export interface RunHandle {
  readonly runId: number;
  readonly accountId: number;
  readonly epoch: number;
}

/**
 * Refuses the write of a run that a newer one has overtaken, and keeps a newer one from starting until this transaction
 * ends. The queue may deliver a job twice and a worker may wake up late: the outcome is one. Throws a StaleRunError.
 */
export async function holdFence(client: pg.PoolClient, run: RunHandle): Promise<void> {
  const { rowCount } = await client.query(
    'select 1 from accounts where id = $1 and epoch = $2 and removed_at is null for share',
    [run.accountId, run.epoch],
  );
  if (rowCount !== 1) throw overtaken(run);
}

/**
 * The same for a write of one statement, in one round trip. The statement goes on after `with fence as (…)`: it starts with
 * a comma and further parts or is the last part itself, reads `fence` (one row, while the run is current), and must touch a
 * row when it does. `$1` and `$2` are the fence's own. Throws a StaleRunError.
 */
export async function behindFence(
  { pool }: Database,
  run: RunHandle,
  statement: string,
  values: readonly unknown[],
): Promise<void> {
  const { rowCount } = await pool.query(
    `with fence as (select id from accounts where id = $1 and epoch = $2 and removed_at is null for share) ${statement}`,
    [run.accountId, run.epoch, ...values],
  );
  if (!rowCount) throw overtaken(run);
}

function overtaken(run: RunHandle): StaleRunError {
  return new StaleRunError(`Run ${run.runId} was overtaken by a newer one of account ${run.accountId}.`);
}

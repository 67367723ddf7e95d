import type pg from 'pg';
import { StaleRunError } from '../core/errors.ts';

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
  if (rowCount !== 1)
    throw new StaleRunError(`Run ${run.runId} was overtaken by a newer one of account ${run.accountId}.`);
}

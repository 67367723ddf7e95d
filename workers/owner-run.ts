import { asTributaryError } from '../core/errors.ts';
import { withAccountLock } from '../db/account-lock.ts';
import type { RunHandle } from '../db/fence.ts';
import { beginRun, endRun, type ReadCounts } from '../db/queries/runs.ts';
import type { Engine } from './engine.ts';

export interface OwnerRunInput {
  readonly accountId: number;
  readonly kind: 'import' | 'again';
}

/**
 * A run that the owner asked for and that asks no network: under the account's lock and epoch like any other, on a paused
 * account too, and neither its success nor its failure says anything about the network's health.
 */
export async function ownerRun<T>(
  { db, clock }: Pick<Engine, 'db' | 'clock'>,
  { accountId, kind }: OwnerRunInput,
  work: (run: RunHandle, read: ReadCounts) => Promise<T>,
): Promise<T> {
  return withAccountLock(db, accountId, async () => {
    const run = await beginRun(db, { accountId, pass: kind, kind, at: clock.now() });
    const read: ReadCounts = { calls: 0, pages: 0, rows: 0 };
    try {
      const result = await work(run, read);
      await endRun(db, run, { state: 'done', at: clock.now(), read });
      return result;
    } catch (error) {
      await endRun(db, run, { state: 'failed', at: clock.now(), read, error: asTributaryError(error) }).catch(() => {});
      throw error;
    }
  });
}

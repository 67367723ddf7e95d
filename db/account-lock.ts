import { AccountBusyError } from '../core/errors.ts';
import type { Database } from './client.ts';

/** Namespace of our advisory locks on accounts; any constant does, as long as nobody else uses it. */
const LOCK_SPACE = 7_413_001;

/**
 * One sync of an account at a time, on however many machines. The lock lives on a connection of its own, so that a killed
 * process gives it up at once. Throws an AccountBusyError where another holds it.
 */
export async function withAccountLock<T>({ pool }: Database, accountId: number, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let held = false;
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1, $2) as held', [
      LOCK_SPACE,
      accountId,
    ]);
    held = rows[0]?.held ?? false;
    if (!held) throw new AccountBusyError(`Account ${accountId} is being synced by another run.`);
    return await work();
  } finally {
    const lost =
      held &&
      (await client.query('select pg_advisory_unlock($1, $2)', [LOCK_SPACE, accountId]).then(
        () => false,
        () => true,
      ));
    client.release(lost);
  }
}

import { sql, type Transaction } from 'kysely';
import { CredentialsRefusedError, SetupError } from '../core/errors.ts';
import { newKey, seal, unseal } from '../core/seal.ts';
import type { Database } from './client.ts';
import { unwrapDataKey, wrapDataKey } from './data-key.ts';
import { type MasterKeys, refuseUnknownKeys, unknownMasterKey } from './master-keys.ts';
import type { DB } from './schema.ts';
import { tokenPlace } from './token-store.ts';
import { credentialPlace, holdOffStoring, openedCredential } from './vault.ts';

interface MasterKeyRotation {
  readonly accounts: number;
  /** Ids of the keys, never the keys. */
  readonly from: string;
  readonly to: string;
  /** What the owner has to do now. */
  readonly next: string;
}

/**
 * Makes a new master key and moves every account to it, each with a fresh key of its own, in one transaction an account.
 * Workers may go on meanwhile. Killed at any point, both keys are still there, and the next call does the rest.
 */
export async function rotateMasterKey(
  db: Database,
  keys: MasterKeys,
  onMoved: (accountId: number) => void = () => {},
): Promise<MasterKeyRotation> {
  return oneRotationAtATime(db, async () => {
    await refuseUnknownKeys(db.kysely, keys);
    await keys.startRotation();
    const from = keys.older().map((key) => key.id);
    let accounts = 0;
    for (;;) {
      const moved = await moveEveryAccount(db, keys, onMoved);
      accounts += moved;
      const next = await dropOldKeysWhenUnused(db, keys);
      if (next !== null) return { accounts, from: from.join(', '), to: keys.current().id, next };
    }
  });
}

async function moveEveryAccount(db: Database, keys: MasterKeys, onMoved: (accountId: number) => void): Promise<number> {
  const stuck: number[] = [];
  const left = await accountsLeft(db.kysely, keys);
  for (const accountId of left) {
    try {
      await db.kysely.transaction().execute((trx) => moveAccount(trx, keys, accountId));
    } catch (error) {
      if (!(error instanceof CredentialsRefusedError)) throw error;
      stuck.push(accountId);
      continue;
    }
    onMoved(accountId);
  }
  if (stuck.length === 0) return left.length;
  throw new CredentialsRefusedError(
    `The stored credentials of account ${stuck.join(', ')} no longer open, so they could not be moved to the new master ` +
      'key; the others were, and both keys are kept. Enter these credentials again, or remove the account, then rotate again.',
  );
}

async function moveAccount(trx: Transaction<DB>, keys: MasterKeys, accountId: number): Promise<void> {
  const stored = await trx
    .selectFrom('account_keys')
    .select(['master_key_id', 'wrapped'])
    .where('account_id', '=', accountId)
    .forUpdate()
    .executeTakeFirst();
  const to = keys.current();
  if (!stored || stored.master_key_id === to.id) return; // removed, or stored anew, a moment ago
  const from = keys.find(stored.master_key_id);
  if (!from) throw unknownMasterKey(keys, [stored.master_key_id]);
  const old = unwrapDataKey(from, accountId, stored);
  const fresh = newKey();

  const fields = await trx.selectFrom('sealed_credentials').selectAll().where('account_id', '=', accountId).execute();
  for (const { field, sealed } of fields) {
    const text = openedCredential(old, accountId, field, sealed);
    await trx
      .updateTable('sealed_credentials')
      .set({ sealed: seal(fresh, text, credentialPlace(accountId, field)) })
      .where('account_id', '=', accountId)
      .where('field', '=', field)
      .execute();
  }

  const token = await trx
    .selectFrom('access_tokens')
    .select('sealed')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  const value = token && old && unseal(old, token.sealed, tokenPlace(accountId));
  if (value) {
    const sealed = seal(fresh, value, tokenPlace(accountId));
    await trx.updateTable('access_tokens').set({ sealed }).where('account_id', '=', accountId).execute();
  } else {
    await trx.deleteFrom('access_tokens').where('account_id', '=', accountId).execute(); // one can be had again
  }
  await trx
    .updateTable('account_keys')
    .set(wrapDataKey(to, accountId, fresh))
    .where('account_id', '=', accountId)
    .execute();
}

/** Null when credentials were stored under an old key in the meantime: there is more to move. */
async function dropOldKeysWhenUnused({ kysely }: Database, keys: MasterKeys): Promise<string | null> {
  return kysely.transaction().execute(async (trx) => {
    await holdOffStoring(trx);
    return (await accountsLeft(trx, keys)).length === 0 ? keys.finishRotation() : null;
  });
}

async function accountsLeft(db: Database['kysely'], keys: MasterKeys): Promise<number[]> {
  const rows = await db
    .selectFrom('account_keys')
    .select('account_id')
    .where('master_key_id', '!=', keys.current().id)
    .orderBy('account_id')
    .execute();
  return rows.map((row) => row.account_id);
}

/** Our advisory lock on rotating. It is held by a connection, so a killed rotation gives it up at once. */
const ROTATION_LOCK = 7_413_004;

async function oneRotationAtATime<T>({ kysely }: Database, work: () => Promise<T>): Promise<T> {
  return kysely.connection().execute(async (connection) => {
    const lock = sql.lit(ROTATION_LOCK);
    const { rows } = await sql<{ held: boolean }>`select pg_try_advisory_lock(${lock}, 0) as held`.execute(connection);
    if (!rows[0]?.held) throw new SetupError('Another rotation of the master key is under way: wait until it is done.');
    try {
      return await work();
    } finally {
      await sql`select pg_advisory_unlock(${lock}, 0)`.execute(connection);
    }
  });
}

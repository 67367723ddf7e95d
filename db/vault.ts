import type { KeyObject } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { CredentialsRefusedError } from '../core/errors.ts';
import { newKey, type SealedPlace, seal, unseal } from '../core/seal.ts';
import type { Database } from './client.ts';
import { readWithDataKey, wrapDataKey } from './data-key.ts';
import { type MasterKeys, refuseUnknownKeys } from './master-keys.ts';
import type { DB } from './schema.ts';

/**
 * Stores an account's credentials, every field sealed, and forgets what was stored before, with the token that came from
 * it. The account gets a fresh key of its own, so this also heals one whose stored key no longer opens.
 */
export async function storeCredentials(
  { kysely }: Database,
  keys: MasterKeys,
  accountId: number,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const dataKey = newKey();
  const sealed = Object.entries(fields).flatMap(([field, value]) => {
    const text = JSON.stringify(value); // undefined for undefined, whatever its type says
    return text === undefined
      ? []
      : [{ account_id: accountId, field, sealed: seal(dataKey, text, credentialPlace(accountId, field)) }];
  });
  await kysely.transaction().execute(async (trx) => {
    await holdOffLastStepOfRotation(trx);
    // Wrapped with a key that a rotation has left behind, the credentials would be lost with it.
    await keys.reload();
    await refuseUnknownKeys(trx, keys);
    const wrapped = wrapDataKey(keys.current(), accountId, dataKey);
    await trx
      .insertInto('account_keys')
      .values({ account_id: accountId, ...wrapped })
      .onConflict((on) => on.column('account_id').doUpdateSet(wrapped))
      .execute();
    await trx.deleteFrom('sealed_credentials').where('account_id', '=', accountId).execute();
    await trx.deleteFrom('access_tokens').where('account_id', '=', accountId).execute();
    if (sealed.length > 0) await trx.insertInto('sealed_credentials').values(sealed).execute();
  });
}

/**
 * The credentials of one account, opened. Throws a CredentialsRefusedError where there are none or where they no longer
 * open (the owner has to enter them again), a SetupError where the master key for them is missing.
 */
export async function openCredentials(
  { kysely }: Database,
  keys: MasterKeys,
  accountId: number,
): Promise<Record<string, unknown>> {
  const read = await readWithDataKey(keys, accountId, () =>
    kysely
      .selectFrom('account_keys')
      .leftJoin('sealed_credentials', 'sealed_credentials.account_id', 'account_keys.account_id')
      .select(['master_key_id', 'wrapped', 'field', 'sealed'])
      .where('account_keys.account_id', '=', accountId)
      .execute(),
  );
  if (!read) throw new CredentialsRefusedError(`Account ${accountId} has no credentials stored: enter them.`);
  const { dataKey, rows } = read;
  return Object.fromEntries(
    rows.flatMap(({ field, sealed }) => {
      if (field === null || sealed === null) return []; // a network without credentials
      const text = openedCredential(dataKey, accountId, field, sealed);
      return [[field, JSON.parse(text) as unknown]];
    }),
  );
}

/** Deletes an account's credentials, token and key; what still lies in old backups can no longer be read from here. */
export async function forgetCredentials({ kysely }: Database, accountId: number): Promise<void> {
  await kysely.transaction().execute(async (trx) => {
    for (const table of ['account_keys', 'sealed_credentials', 'access_tokens'] as const) {
      await trx.deleteFrom(table).where('account_id', '=', accountId).execute();
    }
  });
}

/** Opens one field, or says what to do about it. */
export function openedCredential(key: KeyObject | null, accountId: number, field: string, sealed: Buffer): string {
  const plain = key && unseal(key, sealed, credentialPlace(accountId, field));
  if (plain) return plain.toString();
  throw new CredentialsRefusedError(
    `The stored credentials of account ${accountId} no longer open: they were changed or moved in the database by ` +
      'something other than Tributary. Enter them again.',
  );
}

export function credentialPlace(accountId: number, field: string): SealedPlace {
  return ['sealed_credentials', accountId, field];
}

/** Our advisory lock between storing (shared, as many as like) and the moment in which a rotation drops the old key. */
const VAULT_LOCK = 7_413_003;

async function holdOffLastStepOfRotation(trx: Kysely<DB>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${sql.lit(VAULT_LOCK)}, 0)`.execute(trx);
}

/** Waits until nobody is storing credentials, and keeps it so to the end of the transaction. */
export async function holdOffStoring(trx: Kysely<DB>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(VAULT_LOCK)}, 0)`.execute(trx);
}

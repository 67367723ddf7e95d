import type { KeyObject } from 'node:crypto';
import { createSecretKey } from 'node:crypto';
import { type SealedPlace, seal, unseal } from '../core/seal.ts';
import { type MasterKey, type MasterKeys, unknownMasterKey } from './master-keys.ts';

/** Every account has a random key of its own, stored wrapped by a master key: these are the columns of `account_keys`. */
interface WrappedKey {
  readonly master_key_id: string;
  readonly wrapped: Buffer;
}

/** Bound to the account and to the master key, so that it opens in no other row and under no other name. */
export function wrapDataKey(master: MasterKey, accountId: number, dataKey: KeyObject): WrappedKey {
  return { master_key_id: master.id, wrapped: seal(master.key, dataKey.export(), place(accountId, master.id)) };
}

/** Null when it does not open: it was changed or moved outside Tributary. */
export function unwrapDataKey(master: MasterKey, accountId: number, { wrapped }: WrappedKey): KeyObject | null {
  const bytes = unseal(master.key, wrapped, place(accountId, master.id));
  return bytes && createSecretKey(bytes);
}

export interface WithDataKey<Row> {
  /** Null when the wrapped key was changed or moved. */
  readonly dataKey: KeyObject | null;
  readonly rows: readonly Row[];
}

/**
 * Reads an account's wrapped key together with what it seals: `read` must take both from one snapshot. Where a rotation
 * elsewhere has come in between, the keyring and the rows are read a second time. Null where the account has no key.
 */
export async function readWithDataKey<Row extends WrappedKey>(
  keys: MasterKeys,
  accountId: number,
  read: () => Promise<readonly Row[]>,
): Promise<WithDataKey<Row> | null> {
  let rows = await read();
  if (rows[0] && !keys.find(rows[0].master_key_id)) {
    await keys.reload();
    rows = await read();
  }
  const [first] = rows;
  if (!first) return null;
  const master = keys.find(first.master_key_id);
  if (!master) throw unknownMasterKey(keys, [first.master_key_id]);
  return { dataKey: unwrapDataKey(master, accountId, first), rows };
}

function place(accountId: number, masterKeyId: string): SealedPlace {
  return ['account_keys', accountId, masterKeyId];
}

import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { SetupError } from '../core/errors.ts';
import { keyFromBase64, keyId, newKey } from '../core/seal.ts';
import type { Database } from './client.ts';
import { createKeyring, type Keyring, readKeyring, replaceKeyring } from './keyring-file.ts';
import type { DB } from './schema.ts';

/** The keys that wrap every account's own key. They never enter the database. */
export interface MasterKeys {
  /** Where they come from, for messages: "the file /srv/data/master.key". */
  readonly place: string;
  /** What is wrapped from now on is wrapped with this one. */
  current(): MasterKey;
  find(id: string): MasterKey | undefined;
  /** Those that a rotation has left behind, until it is done. */
  older(): readonly MasterKey[];
  /** Reads them again: a rotation in another process may have changed them. */
  reload(): Promise<void>;
  /** Makes a new current key, unless an unfinished rotation already has. The one before it stays in the ring. */
  startRotation(): Promise<void>;
  /** Drops the older keys. Says what the owner has to do next. */
  finishRotation(): Promise<string>;
}

export interface MasterKey {
  readonly id: string;
  readonly key: KeyObject;
}

interface MasterKeyInput {
  readonly dataDir: string;
  readonly env: {
    readonly TRIBUTARY_MASTER_KEY?: string | undefined;
    readonly TRIBUTARY_MASTER_KEY_NEW?: string | undefined;
    readonly TRIBUTARY_MASTER_KEY_FILE?: string | undefined;
  };
  readonly db: Database;
}

/**
 * Finds the master keys: in TRIBUTARY_MASTER_KEY, in the file that TRIBUTARY_MASTER_KEY_FILE names, else in `master.key`
 * of the data folder, which the first start makes. Throws a SetupError where they do not fit what the database holds:
 * a new key would not open it, and whatever is missing is better found before the first sync.
 */
export async function loadMasterKeys({ dataDir, env, db }: MasterKeyInput): Promise<MasterKeys> {
  const { TRIBUTARY_MASTER_KEY: key, TRIBUTARY_MASTER_KEY_NEW: next, TRIBUTARY_MASTER_KEY_FILE: file } = env;
  if (key && file) throw new SetupError('Set TRIBUTARY_MASTER_KEY or TRIBUTARY_MASTER_KEY_FILE, not both.');
  if (next && !key) throw new SetupError('TRIBUTARY_MASTER_KEY_NEW is set, but TRIBUTARY_MASTER_KEY is not: set both.');
  const keys = key
    ? keysFromEnvironment(key, next)
    : await keysFromFile(file || join(dataDir, 'master.key'), !file, db.kysely);
  await refuseUnknownKeys(db.kysely, keys);
  return keys;
}

/** Throws where accounts are locked with a master key that is not in the ring, even after a second look at it. */
export async function refuseUnknownKeys(db: Kysely<DB>, keys: MasterKeys): Promise<void> {
  if ((await idsNotIn(keys, db)).length === 0) return;
  await keys.reload();
  const unknown = await idsNotIn(keys, db);
  if (unknown.length > 0) throw unknownMasterKey(keys, unknown);
}

/** The sentence for a key that is not there. */
export function unknownMasterKey({ place }: MasterKeys, ids: readonly string[]): SetupError {
  return new SetupError(
    `The networks' keys in the database are locked with master key ${ids.join(', ')}, which is not in ${place}. ` +
      'Restore it from your backup, or from the machine where the key was rotated.',
  );
}

async function idsNotIn(keys: MasterKeys, db: Kysely<DB>): Promise<string[]> {
  return (await masterKeyIdsInUse(db)).filter((id) => !keys.find(id));
}

async function masterKeyIdsInUse(db: Kysely<DB>): Promise<string[]> {
  const rows = await db.selectFrom('account_keys').select('master_key_id').distinct().execute();
  return rows.map((row) => row.master_key_id);
}

async function keysFromFile(path: string, mayCreate: boolean, db: Kysely<DB>): Promise<MasterKeys> {
  if (mayCreate && (await readKeyring(path)) === null) {
    const inUse = await masterKeyIdsInUse(db);
    if (inUse.length === 0) await createKeyring(path, [newKey()]);
  }
  const read = async () => {
    const keyring = await readKeyring(path);
    if (keyring) return keyring;
    throw new SetupError(
      mayCreate
        ? `${path} is missing, and the networks' keys in the database open only with it. Restore master.key from your backup.`
        : `TRIBUTARY_MASTER_KEY_FILE names ${path}, and there is no such file.`,
    );
  };
  const ring = ringOf(`the file ${path}`, await read());
  return {
    ...ring,
    reload: async () => ring.become(await read()),
    async startRotation() {
      ring.become(await read());
      if (ring.older().length > 0) return;
      await replaceKeyring(path, [newKey(), ring.current().key]);
      ring.become(await read());
    },
    async finishRotation() {
      await replaceKeyring(path, [ring.current().key]);
      ring.become(await read());
      return (
        `Copy ${path} to a safe place now, and to every machine that runs a part of Tributary. ` +
        'Keep the copy of the old key beside the backups made before today: they open only with it.'
      );
    },
  };
}

function keysFromEnvironment(key: string, next: string | undefined): MasterKeys {
  const old = keyIn('TRIBUTARY_MASTER_KEY', key);
  const keyring: Keyring = next ? [keyIn('TRIBUTARY_MASTER_KEY_NEW', next), old] : [old];
  const ring = ringOf(`TRIBUTARY_MASTER_KEY${next ? ' or TRIBUTARY_MASTER_KEY_NEW' : ''}`, keyring);
  if (next && ring.current().id === keyId(old)) {
    throw new SetupError('TRIBUTARY_MASTER_KEY_NEW is the same key as TRIBUTARY_MASTER_KEY: make a new one.');
  }
  return {
    ...ring,
    reload: async () => {}, // the environment of a process does not change
    async startRotation() {
      if (ring.older().length > 0) return;
      throw new SetupError(
        'The master key comes from TRIBUTARY_MASTER_KEY, so the new one must too: set TRIBUTARY_MASTER_KEY_NEW to the ' +
          'output of "openssl rand -base64 32" beside it, for every part of Tributary, restart those, and rotate again.',
      );
    },
    async finishRotation() {
      return (
        'Now set TRIBUTARY_MASTER_KEY to the value of TRIBUTARY_MASTER_KEY_NEW, and remove TRIBUTARY_MASTER_KEY_NEW, for ' +
        'every part of Tributary. Keep the old key beside the backups made before today: they open only with it.'
      );
    },
  };
}

function keyIn(setting: string, text: string): KeyObject {
  const key = keyFromBase64(text.trim());
  if (key) return key;
  throw new SetupError(`${setting} is not a key of 32 bytes in base64. Make one with: openssl rand -base64 32`);
}

/** What both sources share: the keys in memory, by id, first the current one. */
function ringOf(place: string, keyring: Keyring) {
  const named = ([first, ...rest]: Keyring) => [first, ...rest].map((key) => ({ id: keyId(key), key }));
  let keys = named(keyring);
  return {
    place,
    current: () => keys[0] as MasterKey, // a keyring is never empty
    find: (id: string) => keys.find((key) => key.id === id),
    older: () => keys.slice(1),
    become(changed: Keyring) {
      keys = named(changed);
    },
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { Database } from '../../db/client.ts';
import { loadMasterKeys, type MasterKeys } from '../../db/master-keys.ts';
import { postgresTokenStore } from '../../db/token-store.ts';
import { openCredentials, storeCredentials } from '../../db/vault.ts';
import { someAccount, useDatabase } from './ledger.ts';

const EXPIRES = new Date('2026-03-01T11:00:00Z');
export const tenOClock = { now: () => new Date('2026-03-01T10:00:00Z'), sleep: async () => {} };

interface TestVault {
  readonly db: Database;
  readonly url: string;
  /** Empty but for `master.key`, which is new in every test. */
  readonly dataDir: string;
  readonly keys: MasterKeys;
  /** Four accounts, and no others. */
  readonly accounts: readonly [number, number, number, number];
}

/** A database, a data folder and four accounts without keys, anew for every test. Filled before the test begins. */
export function useVault(): TestVault {
  const held = useDatabase();
  const vault = {} as { -readonly [name in keyof TestVault]: TestVault[name] };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-vault-'));
  });
  beforeEach(async () => {
    const { db, url } = held;
    await db.kysely.deleteFrom('accounts').execute();
    const dataDir = await mkdtemp(join(folder, 'data-'));
    const [a, b, c, d] = [await someAccount(db), await someAccount(db), await someAccount(db), await someAccount(db)];
    Object.assign(vault, {
      db,
      url,
      dataDir,
      keys: await loadMasterKeys({ dataDir, env: {}, db }),
      accounts: [a, b, c, d],
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return vault;
}

/** The keyring as another process finds it. */
export function loadKeys({ db, dataDir }: TestVault): Promise<MasterKeys> {
  return loadMasterKeys({ dataDir, env: {}, db });
}

export function credentialsOf(accountId: number) {
  return { apiKey: `key-of-${accountId}`, publisherId: accountId };
}

/** Gives every account credentials and a token. */
export async function plant({ db, accounts, keys }: TestVault, ring = keys): Promise<void> {
  for (const id of accounts) {
    await storeCredentials(db, ring, id, credentialsOf(id));
    await postgresTokenStore(db, ring, id, tenOClock).refresh(async () => ({
      value: `token-of-${id}`,
      expiresAt: EXPIRES,
    }));
  }
}

export async function expectAllOpen({ db, accounts }: TestVault, keys: MasterKeys): Promise<void> {
  for (const id of accounts) {
    expect(await openCredentials(db, keys, id)).toEqual(credentialsOf(id));
    expect(await postgresTokenStore(db, keys, id, tenOClock).read()).toEqual({
      value: `token-of-${id}`,
      expiresAt: EXPIRES,
    });
  }
}

export async function keyIdsInUse({ db }: TestVault): Promise<string[]> {
  const rows = await db.kysely.selectFrom('account_keys').select('master_key_id').distinct().execute();
  return rows.map((row) => row.master_key_id).sort();
}

/** Every row of every table (but for those named), as a dump would show it. */
export async function everythingAsText({ kysely }: Database, but: readonly string[] = []): Promise<string> {
  const tables = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1`.execute(kysely);
  const dumps: string[] = [];
  for (const { name } of tables.rows) {
    if (but.includes(name)) continue;
    const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t order by 1`.execute(
      kysely,
    );
    dumps.push(name, ...rows.map(({ row }) => row));
  }
  return dumps.join('\n');
}

/** The error that a promise ends with; fails where it does not. */
export function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable('It went well, and should not have.'),
    (error: Error) => error,
  );
}

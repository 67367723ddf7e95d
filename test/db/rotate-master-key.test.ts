import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { CredentialsRefusedError, SetupError } from '../../core/errors.ts';
import { loadMasterKeys } from '../../db/master-keys.ts';
import { rotateMasterKey } from '../../db/rotate-master-key.ts';
import { openCredentials, storeCredentials } from '../../db/vault.ts';
import { someAccount } from '../support/ledger.ts';
import {
  credentialsOf,
  everythingAsText,
  expectAllOpen,
  keyIdsInUse,
  loadKeys,
  plant,
  rejection,
  useVault,
} from '../support/vault.ts';

const vault = useVault();

it('moves everything to a new key, and drops the old one', async () => {
  const { db, keys, dataDir } = vault;
  await plant(vault);
  const before = await everythingAsText(db);
  const from = keys.current().id;
  const { next, ...rotation } = await rotateMasterKey(db, keys);
  expect(rotation).toEqual({ accounts: 4, from, to: keys.current().id });
  expect(next).toContain(`Copy ${join(dataDir, 'master.key')} to a safe place now`);
  expect(await keyIdsInUse(vault)).toEqual([rotation.to]);
  expect(rotation.to).not.toBe(from);
  expect(keys.find(from)).toBeUndefined();
  await expectAllOpen(vault, keys);
  await expectAllOpen(vault, await loadKeys(vault));
  // Not one sealed value has stayed as it was: whoever had the old keys can open nothing.
  const sealed = before.match(/\\\\x01[0-9a-f]+/g) ?? [];
  expect(sealed).toHaveLength(4 + 8 + 4);
  const after = await everythingAsText(db);
  for (const value of sealed) expect(after).not.toContain(value);
});

it('lets a worker with the old keyring go on, during and after a rotation', async () => {
  const { db, keys, accounts } = vault;
  await plant(vault);
  const worker = await loadKeys(vault);
  const moved: number[] = [];
  const readings: Promise<void>[] = [];
  await rotateMasterKey(db, keys, (id) => {
    moved.push(id);
    readings.push(expectAllOpen(vault, worker));
  });
  await Promise.all(readings);
  expect(moved).toEqual(accounts);
  await expectAllOpen(vault, worker);
});

it('stores under the new key from a process that still holds the old one', async () => {
  const { db, keys } = vault;
  await plant(vault);
  const [id] = vault.accounts;
  const server = await loadKeys(vault);
  await rotateMasterKey(db, keys);
  await storeCredentials(db, server, id, credentialsOf(id));
  expect(await keyIdsInUse(vault)).toEqual([keys.current().id]);
  expect(await openCredentials(db, await loadKeys(vault), id)).toEqual(credentialsOf(id));
});

it('keeps credentials that are stored while it rotates', async () => {
  const { db, keys, accounts } = vault;
  await plant(vault);
  const server = await loadKeys(vault);
  const late = await someAccount(db);
  const stored: Promise<void>[] = [];
  await rotateMasterKey(db, keys, (id) => {
    stored.push(
      storeCredentials(db, server, id, credentialsOf(id)),
      storeCredentials(db, server, late, credentialsOf(late)),
    );
  });
  await Promise.all(stored);
  const fresh = await loadKeys(vault);
  for (const id of [...accounts, late]) expect(await openCredentials(db, fresh, id)).toEqual(credentialsOf(id));
  expect(await keyIdsInUse(vault)).toEqual([keys.current().id]);
});

it('goes on where it was killed', async () => {
  const { db, keys, dataDir, url } = vault;
  await plant(vault);
  const from = keys.current().id;
  const rotating = spawn(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    KILLED_AFTER_TWO,
    url,
    dataDir,
  ]);
  const [, signal] = await once(rotating, 'exit');
  expect(signal).toBe('SIGKILL');
  expect(await keyIdsInUse(vault)).toHaveLength(2);
  const restarted = await loadKeys(vault);
  await expectAllOpen(vault, restarted);
  await expectAllOpen(vault, keys); // a worker that has been running all the time
  const rotation = await rotateMasterKey(db, restarted);
  expect(rotation).toMatchObject({ accounts: 2, from, to: restarted.current().id });
  expect(await keyIdsInUse(vault)).toEqual([rotation.to]);
  await expectAllOpen(vault, await loadKeys(vault));
});

const KILLED_AFTER_TWO = `
  const { openDatabase } = await import('./db/client.ts');
  const { loadMasterKeys } = await import('./db/master-keys.ts');
  const { rotateMasterKey } = await import('./db/rotate-master-key.ts');
  const [url, dataDir] = process.argv.slice(1);
  const db = openDatabase(url);
  let moved = 0;
  await rotateMasterKey(db, await loadMasterKeys({ dataDir, env: {}, db }), () => {
    moved += 1;
    if (moved === 2) process.kill(process.pid, 'SIGKILL');
  });
`;

it('goes on where it was killed between writing the new key and moving the first account', async () => {
  const { db, keys } = vault;
  await plant(vault);
  await keys.startRotation();
  const written = await loadKeys(vault);
  expect(written.older()).toHaveLength(1);
  const rotation = await rotateMasterKey(db, written);
  expect(rotation).toMatchObject({ accounts: 4, to: written.current().id });
  await expectAllOpen(vault, keys);
});

it('refuses a second rotation while one is under way', async () => {
  const { db, keys, accounts } = vault;
  await plant(vault);
  const otherKeys = await loadKeys(vault);
  let first: Promise<unknown> | undefined;
  await db.kysely.transaction().execute(async (trx) => {
    const last = trx.selectFrom('account_keys').select('wrapped').where('account_id', '=', accounts[3]);
    await last.forUpdate().execute(); // so that the first rotation stops half way, for as long as it takes
    await new Promise<void>((begun) => {
      first = rotateMasterKey(db, keys, () => begun());
    });
    const refused = await rejection(rotateMasterKey(db, otherKeys));
    expect(refused.message).toBe('Another rotation of the master key is under way: wait until it is done.');
  });
  await first;
  await expectAllOpen(vault, await loadKeys(vault));
  await rotateMasterKey(db, keys); // and the lock is free again
  await expectAllOpen(vault, keys);
});

it('moves all but an account that no longer opens, and keeps both keys for it', async () => {
  const { db, keys, accounts } = vault;
  await plant(vault);
  const [broken, ...sound] = accounts;
  await sql`update sealed_credentials set sealed = 'x' where account_id = ${broken} and field = 'apiKey'`.execute(
    db.kysely,
  );
  const error = await rejection(rotateMasterKey(db, keys));
  expect(error).toBeInstanceOf(CredentialsRefusedError);
  expect(error.message).toContain(`credentials of account ${broken} no longer open`);
  expect(keys.older()).toHaveLength(1);
  for (const id of sound) expect(await openCredentials(db, keys, id)).toEqual(credentialsOf(id));
  await storeCredentials(db, keys, broken, credentialsOf(broken));
  await rotateMasterKey(db, keys);
  expect(await openCredentials(db, await loadKeys(vault), broken)).toEqual(credentialsOf(broken));
});

it('rotates a key that comes from the environment', async () => {
  const { db, dataDir } = vault;
  const [old, fresh] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const before = { TRIBUTARY_MASTER_KEY: old };
  const keys = await loadMasterKeys({ dataDir, env: before, db });
  await plant(vault, keys);
  expect((await rejection(rotateMasterKey(db, keys))).message).toMatch(
    /set TRIBUTARY_MASTER_KEY_NEW .*openssl rand -base64 32/,
  );

  const both = await loadMasterKeys({ dataDir, env: { ...before, TRIBUTARY_MASTER_KEY_NEW: fresh }, db });
  const from = keys.current().id;
  const rotation = await rotateMasterKey(db, both);
  expect(rotation).toMatchObject({ accounts: 4, from, to: both.current().id });
  expect(rotation.next).toMatch(/^Now set TRIBUTARY_MASTER_KEY to the value of TRIBUTARY_MASTER_KEY_NEW/);
  await expectAllOpen(vault, both);
  await expectAllOpen(vault, await loadMasterKeys({ dataDir, env: { TRIBUTARY_MASTER_KEY: fresh }, db }));

  // A process that was never told of the new key neither opens nor stores: it would lock with a key that is about to go.
  const [id] = vault.accounts;
  for (const attempt of [openCredentials(db, keys, id), storeCredentials(db, keys, id, { apiKey: 'x' })]) {
    const error = await rejection(attempt);
    expect(error).toBeInstanceOf(SetupError);
    expect(error.message).toContain(`locked with master key ${rotation.to}, which is not in TRIBUTARY_MASTER_KEY`);
  }
});

it('opens a database from before a rotation once the old key stands below the new one', async () => {
  const { dataDir } = vault;
  await plant(vault);
  const path = join(dataDir, 'master.key');
  const old = (await readFile(path, 'utf8')).trim().split('\n').at(-1);
  await writeFile(path, `${randomBytes(32).toString('base64')}\n${old}\n`);
  await expectAllOpen(vault, await loadKeys(vault));
});

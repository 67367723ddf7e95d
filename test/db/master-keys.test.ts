import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SetupError } from '../../core/errors.ts';
import { loadMasterKeys } from '../../db/master-keys.ts';
import { expectAllOpen, loadKeys, plant, rejection, useVault } from '../support/vault.ts';

const vault = useVault();

it('refuses to start with another master key, and never makes a second one', async () => {
  const { keys, dataDir } = vault;
  await plant(vault);
  const path = join(dataDir, 'master.key');
  const kept = await readFile(path, 'utf8');
  await writeFile(path, `${randomBytes(32).toString('base64')}\n`);
  const wrong = await rejection(loadKeys(vault));
  expect(wrong).toBeInstanceOf(SetupError);
  expect(wrong.message).toContain(`locked with master key ${keys.current().id}, which is not in the file ${path}`);

  await rm(path);
  const missing = await rejection(loadKeys(vault));
  expect(missing).toBeInstanceOf(SetupError);
  expect(missing.message).toMatch(/master\.key is missing.*Restore master\.key from your backup\.$/);
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });

  await writeFile(path, kept, { mode: 0o600 });
  await expectAllOpen(vault, await loadKeys(vault));
});

it('makes the key at the first start, for its owner alone, and keeps it', async () => {
  const { db } = vault;
  const dataDir = join(vault.dataDir, 'not', 'there', 'yet');
  const made = await loadMasterKeys({ dataDir, env: {}, db });
  expect((await stat(join(dataDir, 'master.key'))).mode & 0o777).toBe(0o600);
  expect((await loadMasterKeys({ dataDir, env: {}, db })).current().id).toBe(made.current().id);
  expect(made.current().id).toMatch(/^[0-9a-f]{8}$/);
  expect(await readdir(dataDir)).toEqual(['master.key']); // nothing half made is left beside it
});

it('ends with one key when several start at once', async () => {
  const { db } = vault;
  const dataDir = join(vault.dataDir, 'fresh');
  const all = await Promise.all(Array.from({ length: 8 }, () => loadMasterKeys({ dataDir, env: {}, db })));
  expect(new Set(all.map((keys) => keys.current().id)).size).toBe(1);
  expect(await readdir(dataDir)).toEqual(['master.key']);
});

it.each([0o640, 0o604, 0o666])('refuses a file that others may read (%o)', async (mode) => {
  const path = join(vault.dataDir, 'master.key');
  await chmod(path, mode);
  const error = await rejection(loadKeys(vault));
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toContain(`Close it with: chmod 600 ${path}`);
});

const KEY = randomBytes(32).toString('base64');
it.each([
  { name: 'an empty file', text: '', says: /holds no master key\. Restore/ },
  {
    name: 'a short key',
    text: `${randomBytes(31).toString('base64')}\n`,
    says: /^Line 1 of .* is not a key of 32 bytes/,
  },
  {
    name: 'a spoilt second line',
    text: `# mine\n${KEY}\n${KEY.slice(2)}\n`,
    says: /^Line 3 of .* is not a key of 32 bytes/,
  },
])('refuses $name, and does not repeat what it read', async ({ text, says }) => {
  await writeFile(join(vault.dataDir, 'master.key'), text, { mode: 0o600 });
  const error = await rejection(loadKeys(vault));
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toMatch(says);
  expect(error.message).not.toContain(KEY.slice(2, 30));
});

it.each([
  {
    name: 'a short key',
    env: { TRIBUTARY_MASTER_KEY: KEY.slice(4) },
    says: /^TRIBUTARY_MASTER_KEY is not a key of 32 bytes in base64\./,
  },
  { name: 'a key and a file', env: { TRIBUTARY_MASTER_KEY: KEY, TRIBUTARY_MASTER_KEY_FILE: '/x' }, says: /not both/ },
  { name: 'a new key alone', env: { TRIBUTARY_MASTER_KEY_NEW: KEY }, says: /set both/ },
  {
    name: 'a new key that is the old one',
    env: { TRIBUTARY_MASTER_KEY: KEY, TRIBUTARY_MASTER_KEY_NEW: KEY },
    says: /is the same key/,
  },
  {
    name: 'a file that is not there',
    env: { TRIBUTARY_MASTER_KEY_FILE: '/nowhere/master.key' },
    says: /names \/nowhere\/master\.key, and there is no such file/,
  },
])('refuses $name from the environment', async ({ env, says }) => {
  const { db, dataDir } = vault;
  const error = await rejection(loadMasterKeys({ dataDir, env, db }));
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toMatch(says);
  expect(error.message).not.toContain(KEY.slice(4));
});

it('takes the key from the environment, or from a file that it names', async () => {
  const { db, dataDir } = vault;
  await mkdir(join(dataDir, 'secrets'));
  const file = join(dataDir, 'secrets', 'key');
  await writeFile(file, `${KEY}\n`, { mode: 0o400 });
  const fromText = await loadMasterKeys({ dataDir, env: { TRIBUTARY_MASTER_KEY: `${KEY}\n` }, db });
  const fromFile = await loadMasterKeys({ dataDir, env: { TRIBUTARY_MASTER_KEY_FILE: file }, db });
  expect(fromText.current().id).toBe(fromFile.current().id);
  expect(fromText.current().id).not.toBe(vault.keys.current().id);
});

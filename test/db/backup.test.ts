import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SetupError } from '../../core/errors.ts';
import { backup } from '../../db/backup.ts';
import { type Database, openDatabase } from '../../db/client.ts';
import { loadMasterKeys } from '../../db/master-keys.ts';
import { createApiToken } from '../../db/queries/api-tokens.ts';
import { restore } from '../../db/restore.ts';
import { openCredentials, storeCredentials } from '../../db/vault.ts';
import { sale } from '../support/conversions.ts';
import { saveInOneRun, someAccount, useDatabase } from '../support/ledger.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { everythingAsText, rejection } from '../support/vault.ts';

const source = useDatabase();
const now = new Date('2026-03-05T06:07:08Z');
const AWKWARD = 'a\ttab, a\nline feed, a \\. and \\N, "quotes", \'so\', ü, 🔑, \r\n\\.\n';
const made: TestDatabase[] = [];
let folder: string;
let file: string;
let account: number;
let before: string;

beforeAll(async () => {
  const { db, url } = source;
  folder = await mkdtemp(join(tmpdir(), 'tributary-backup-'));
  file = join(folder, 'tributary.backup.gz');
  account = await someAccount(db);
  await someAccount(db).then((gone) => db.kysely.deleteFrom('accounts').where('id', '=', gone).execute());
  const rows = Array.from({ length: 300 }, (_, index) => sale(`sale ${index}`, { commission: `${index}.000001` }));
  await saveInOneRun(db, account, [
    { rows },
    { rows: rows.slice(0, 50).map((row) => ({ ...row, status: 'reversed' })) },
  ]);
  const keys = await loadMasterKeys({ dataDir: folder, env: {}, db });
  await storeCredentials(db, keys, account, { apiKey: 'key', nested: [1, null] });
  await createApiToken(db, AWKWARD, ['read', 'a,b', '{"c"}']);
  await db.pool.query(
    `insert into set_aside select $1, gen_random_uuid(), $2, 'new', null, $2, to_jsonb($2::text), 1, now(), now() from generate_series(1, 500)`,
    [account, AWKWARD.repeat(20)],
  );
  await db.pool.query(
    'create unlogged table rate_limits (key text); create schema jobs; create table jobs.job (id int)',
  );
  before = await contentsOf(db);
  await backup(url, file, now);
});
afterAll(async () => {
  await Promise.all(made.map((database) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  made.push(database);
  return database;
}

async function within<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = openDatabase(url);
  return work(db).finally(() => db.close());
}

const contentsOf = (db: Database) => everythingAsText(db, ['kysely_migration', 'kysely_migration_lock', 'rate_limits']);

it('brings back every row of every table, to the last digit', async () => {
  const { url } = await emptyDatabase();
  const result = await restore(url, file);
  const after = await within(url, contentsOf);
  expect(after).toBe(before);
  expect(after).toContain('299.000001');
  expect(result.createdAt).toEqual(now);
  expect(result.tables.find(({ name }) => name === 'ledger')).toEqual({ name: 'ledger', rows: 350 });
  expect(result.rows).toBe(result.tables.reduce((sum, { rows }) => sum + rows, 0));
  expect(result.reminder).toMatch(/^The master key .* is not in the backup/);
});

it('counts on where the numbers were, deleted rows included', async () => {
  const { url } = await emptyDatabase();
  await restore(url, file);
  await within(url, async (db) => {
    expect(await someAccount(db)).toBe(account + 2); // the one in between had been deleted
    const [saved] = await saveInOneRun(db, account, [{ rows: [sale('one more')] }]);
    expect(saved).toMatchObject({ created: 1 });
  });
});

it('leaves the ledger append-only, and the credentials open with the same master key', async () => {
  const { url } = await emptyDatabase();
  await restore(url, file);
  await within(url, async (db) => {
    await expect(db.pool.query('delete from ledger')).rejects.toThrow('the ledger is append-only');
    const keys = await loadMasterKeys({ dataDir: folder, env: {}, db });
    expect(await openCredentials(db, keys, account)).toEqual({ apiKey: 'key', nested: [1, null] });
  });
});

it('holds no master key and no job, and is for its owner alone', async () => {
  const text = gunzipSync(await readFile(file)).toString();
  const masterKey = (await readFile(join(folder, 'master.key'), 'utf8')).trim().split('\n').at(-1) as string;
  expect(text).not.toContain(masterKey);
  expect(text).not.toContain(Buffer.from(masterKey, 'base64').toString('hex'));
  expect(text).not.toMatch(/rate_limits|copy "job/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it('shows one moment, whatever is saved meanwhile', async () => {
  const { url } = await emptyDatabase();
  const { db, url: from } = source;
  const busy = join(folder, 'busy.gz');
  let saving = true;
  const writer = (async () => {
    for (let n = 0; saving; n += 1) await saveInOneRun(db, account, [{ rows: [sale(`busy ${n}`)] }]);
  })();
  await backup(from, busy, now).finally(() => {
    saving = false;
  });
  await writer;
  await restore(url, busy);
  const { rows } = await within(url, (copy) =>
    copy.pool.query(`select (select count(*) from conversions) = (select count(*) from ledger where version = 1) as equal,
      (select sum(gross) from daily_totals) = (select sum(commission_amount) from conversions) as sums`),
  );
  expect(rows).toEqual([{ equal: true, sums: true }]);
});

it('takes a database on which nobody has started yet', async () => {
  const { url } = await emptyDatabase();
  await within(url, async ({ pool }) => {
    await pool.query('drop schema public cascade; create schema public');
  });
  await restore(url, file);
  expect(await within(url, contentsOf)).toBe(before);
});

it('keeps an existing file, and leaves nothing half made behind', async () => {
  const { url } = source;
  const refused = await rejection(backup(url, file, now));
  expect(refused).toBeInstanceOf(SetupError);
  expect(refused.message).toBe(`${file} is there already: give another name.`);
  const nowhere = await rejection(backup(url, join(folder, 'no such folder', 'b.gz'), now));
  expect(nowhere.message).toMatch(/cannot be written to .*no such folder.* \(ENOENT\)\.$/);
  expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
});

it('refuses to back up a database of somebody else', async () => {
  const { url } = await emptyDatabase();
  await within(url, ({ pool }) => pool.query('drop schema public cascade; create schema public'));
  const error = await rejection(backup(url, join(folder, 'nothing.gz'), now));
  expect(error.message).toMatch(/^There is nothing to back up/);
});

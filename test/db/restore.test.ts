import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FileRefusedError, SetupError } from '../../core/errors.ts';
import { backup } from '../../db/backup.ts';
import { restore } from '../../db/restore.ts';
import { sale } from '../support/conversions.ts';
import { saveInOneRun, someAccount, useDatabase } from '../support/ledger.ts';
import { everythingAsText, rejection } from '../support/vault.ts';

const source = useDatabase();
/** Where spoilt files are tried: it must stay empty. */
const spared = useDatabase();
const contentsOf = ({ db }: typeof source) => everythingAsText(db, ['kysely_migration', 'kysely_migration_lock']);
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-restore-'));
  file = join(folder, 'whole.gz');
  const account = await someAccount(source.db);
  const rows = Array.from({ length: 300 }, (_, index) => sale(`sale ${index}`, { commission: `${index}.000001` }));
  await saveInOneRun(source.db, account, [{ rows }]);
  await backup(source.url, file, new Date('2026-03-05T06:07:08Z'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('refuses a database that holds anything', async () => {
  const error = await rejection(restore(source.url, file));
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toMatch(/^This database already holds data \(accounts\)/);
});

it('refuses a database that is ahead of the backup', async () => {
  await spared.db.pool.query(`insert into kysely_migration values ('9999-later', now()::text)`);
  const error = await rejection(restore(spared.url, file));
  await spared.db.pool.query(`delete from kysely_migration where name = '9999-later'`);
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toMatch(/this database is already at 9999-later\. Restore into a new data folder/);
});

const edited = (edit: (text: string) => string) => (whole: Buffer) => gzipSync(edit(gunzipSync(whole).toString()));
const cut = (share: number) => (whole: Buffer) => whole.subarray(0, Math.floor(whole.length * share));

it.each<{ name: string; spoil: (whole: Buffer) => Buffer; says: RegExp }>([
  { name: 'an empty file', spoil: () => Buffer.alloc(0), says: /no backup|middle/ },
  { name: 'a text file', spoil: () => Buffer.from('day,amount\n'), says: /no backup of Tributary/ },
  { name: 'another gzip file', spoil: () => gzipSync('create table x ();\n'), says: /no backup of Tributary/ },
  { name: 'one endless line', spoil: () => gzipSync('x'.repeat(3_000_000)), says: /no backup of Tributary/ },
  {
    name: 'a later format',
    spoil: edited((text) => text.replace('"version":1', '"version":2')),
    says: /of a later version/,
  },
  {
    name: 'a later database',
    spoil: edited((text) =>
      text
        .replace('"migrations":["0001', '"migrations":["9999-x","0001')
        .replace(/"migrations":\["9999-x",([^\]]*)\]/, '"migrations":[$1,"9999-x"]'),
    ),
    says: /version 9999-x is from a later Tributary/,
  },
  ...[0.02, 0.3, 0.6, 0.95].map((share) => ({
    name: `a file cut at ${share}`,
    spoil: cut(share),
    says: /in the middle/,
  })),
  { name: 'a file cut before its gzip trailer', spoil: (whole) => whole.subarray(0, -6), says: /in the middle/ },
  {
    name: 'text cut between two tables',
    spoil: edited((text) => text.slice(0, text.indexOf('copy "ledger"'))),
    says: /in the middle/,
  },
  {
    name: 'text cut between two rows',
    spoil: edited((text) => text.slice(0, text.lastIndexOf('\n', text.indexOf('sale 200')) + 1)),
    says: /in the middle/,
  },
  {
    name: 'a text without its last line',
    spoil: edited((text) => text.replace('-- End of the backup.\n', '')),
    says: /in the middle/,
  },
  {
    name: 'a row too few',
    spoil: edited((text) => text.replace(/\n[^\n]*\tsale 12\t[^\n]*/, '')),
    says: /should hold 300 rows of conversions, and holds 299/,
  },
  {
    name: 'a row that comes twice',
    spoil: edited((text) => text.replace(/\n[^\n]*\tsale 12\t[^\n]*/, '$&$&')),
    says: /duplicate key|holds 301/,
  },
  {
    name: 'a value that is none',
    spoil: edited((text) => text.replace('299.000001', 'lots')),
    says: /nothing was\. The database says: invalid input syntax for type numeric/,
  },
  {
    name: 'a statement of its own',
    spoil: edited((text) => text.replace('begin;\n', 'begin;\ndrop table accounts;\n')),
    says: /was changed after it was made/,
  },
  {
    name: 'a file that goes on',
    spoil: edited((text) => `${text}drop table accounts;\n`),
    says: /goes on after its end/,
  },
  {
    name: 'a table that nobody knows',
    spoil: edited((text) => text.replaceAll('"payments"', '"bets"')),
    says: /table bets that this version of Tributary does not know/,
  },
  {
    name: 'a damaged byte',
    spoil: (whole) => Buffer.concat([whole.subarray(0, 900), Buffer.of((whole[900] ?? 0) ^ 0xff), whole.subarray(901)]),
    says: /no backup of Tributary, or was damaged|changed after|nothing was/,
  },
])('refuses $name before anything is stored', async ({ spoil, says }) => {
  const spoilt = join(folder, 'spoilt.gz');
  await writeFile(spoilt, spoil(await readFile(file)));
  const error = await rejection(restore(spared.url, spoilt));
  expect(error).toSatisfy((refused) => refused instanceof FileRefusedError || refused instanceof SetupError);
  expect(error.message).toMatch(says);
  const rows = await contentsOf(spared);
  expect(rows.split('\n').filter((line) => line.startsWith('('))).toEqual([]);
});

it('restores where every spoilt file has been refused before', async () => {
  await restore(spared.url, file);
  expect(await contentsOf(spared)).toBe(await contentsOf(source));
});

it('names a file that is not there', async () => {
  const error = await rejection(restore(spared.url, join(folder, 'gone.gz')));
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toMatch(/^The backup .*gone\.gz cannot be read \(ENOENT\)\.$/);
});

import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { SetupError } from '../core/errors.ts';
import {
  type BackupHeader,
  closing,
  copyIn,
  copyOut,
  END_OF_ROWS,
  headerLine,
  MASTER_KEY_APART,
  OPENING,
  SETTINGS,
} from './backup-format.ts';
import { appliedMigrations, identitySequences, type StoredTable, storedTables } from './catalogue.ts';
import { syncFolder } from './sync-folder.ts';

interface BackupResult {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** What the owner has to know: the master key is not in it. */
  readonly reminder: string;
}

/**
 * Writes everything that Tributary remembers into one file, as of one moment, while it goes on working. The queue is not
 * in it (it rebuilds itself), nor is the master key. The file gets its name when it is whole.
 */
export async function backup(url: string, file: string, now: Date): Promise<BackupResult> {
  if (await stat(file).catch(() => null)) throw new SetupError(`${file} is there already: give another name.`);
  const client = new pg.Client({ connectionString: url, application_name: 'tributary backup' });
  client.on('error', () => {}); // the query under way says so
  await client.connect();
  try {
    await client.query(SETTINGS);
    await client.query('begin isolation level repeatable read read only');
    const header = await describe(client, now);
    await writeWhole(file, contents(client, header));
    const tables = header.tables.map(({ name, rows }) => ({ name, rows }));
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    return { file, bytes: (await stat(file)).size, rows, tables, reminder: MASTER_KEY_APART };
  } finally {
    await client.end();
  }
}

async function describe(client: pg.Client, now: Date): Promise<BackupHeader> {
  const migrations = await appliedMigrations(client);
  if (migrations.length === 0)
    throw new SetupError('There is nothing to back up: Tributary has not started on this database.');
  const tables = [];
  for (const table of await storedTables(client)) tables.push({ ...table, rows: await count(client, table) });
  return { version: 1, createdAt: now.toISOString(), migrations, tables, sequences: await identitySequences(client) };
}

async function count(client: pg.Client, { name }: StoredTable): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${client.escapeIdentifier(name)}`);
  return Number(rows[0]?.count);
}

async function* contents(client: pg.Client, header: BackupHeader): AsyncGenerator<string | Buffer> {
  yield lines([headerLine(header), ...OPENING]);
  for (const table of header.tables) {
    yield lines([copyIn(table)]);
    const rows = client.query(copyTo(copyOut(table)));
    for await (const chunk of rows) yield chunk as Buffer;
    await client.query('select 1'); // the count comes after the last row, and before any other answer
    if (rows.rowCount !== table.rows) {
      throw new Error(`The backup read ${rows.rowCount} of the ${table.rows} rows of ${table.name}.`);
    }
    yield lines([END_OF_ROWS]);
  }
  yield lines(closing(header));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

const ABOUT_THE_DISK: readonly string[] = [
  'EACCES',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EISDIR',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
];

/** Under another name until it is whole and on the disk. For its owner alone: it is the whole business. */
async function writeWhole(file: string, text: AsyncIterable<string | Buffer>): Promise<void> {
  const partial = `${file}.partial-${randomBytes(4).toString('hex')}`;
  try {
    const target = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(text), createGzip(), target);
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true });
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (!ABOUT_THE_DISK.includes(code)) throw cause;
    throw new SetupError(`The backup cannot be written to ${file} (${code}).`, { cause });
  }
  await syncFolder(dirname(file));
}

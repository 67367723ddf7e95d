import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { FileRefusedError, SetupError } from '../core/errors.ts';
import {
  type BackupHeader,
  closing,
  copyIn,
  MASTER_KEY_APART,
  OPENING,
  readHeaderLine,
  SETTINGS,
  setSequence,
} from './backup-format.ts';
import { BackupReader } from './backup-reader.ts';
import { appliedMigrations, type StoredTable, storedTables } from './catalogue.ts';
import { migrate } from './migrate.ts';

interface RestoreResult {
  /** When the backup was made. */
  readonly createdAt: Date;
  readonly rows: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  /** Null where no keys of networks came with it. */
  readonly reminder: string | null;
}

/** Larger than zlib's own, because a piece costs more than its bytes. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Puts a backup into a database that holds nothing yet, all of it or none. An older backup goes into a database of its
 * own version, which is then brought up to date. Throws a FileRefusedError for a file that is foreign, cut off or
 * changed, a SetupError where the database does not fit.
 */
export async function restore(url: string, file: string): Promise<RestoreResult> {
  let result: RestoreResult | undefined;
  try {
    await pipeline(
      createReadStream(file),
      createGunzip({ chunkSize: CHUNK_BYTES }),
      async (source: AsyncIterable<Buffer>) => {
        result = await restoreFrom(url, new BackupReader(source));
      },
    );
  } catch (error) {
    throw refusal(file, error);
  }
  await migrate(url);
  return result as RestoreResult; // the pipeline has not thrown
}

async function restoreFrom(url: string, reader: BackupReader): Promise<RestoreResult> {
  const header = readHeaderLine((await reader.line()) ?? '');
  if (!header) throw new FileRefusedError('The file is no backup of Tributary, or of a later version.');
  const client = new pg.Client({ connectionString: url, application_name: 'tributary restore' });
  client.on('error', () => {}); // the query under way says so
  await client.connect();
  try {
    await meetVersion(url, await appliedMigrations(client), header);
    await client.query(SETTINGS);
    await client.query('begin');
    await refuseFilled(client, header);
    await load(client, reader, header);
    await client.query('commit');
  } finally {
    await client.end(); // an unfinished transaction ends with it
  }
  const tables = header.tables.map(({ name, rows }) => ({ name, rows }));
  const sealed = tables.some(({ name, rows }) => name === 'account_keys' && rows > 0);
  return {
    createdAt: new Date(header.createdAt),
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    tables,
    reminder: sealed ? MASTER_KEY_APART : null,
  };
}

async function meetVersion(url: string, applied: readonly string[], { migrations }: BackupHeader): Promise<void> {
  const wanted = migrations.at(-1) ?? '';
  const ahead = applied.filter((name) => !migrations.includes(name));
  if (ahead.length > 0) {
    throw new SetupError(
      `The backup is of database version ${wanted}, and this database is already at ${applied.at(-1)}. Restore into a ` +
        'new data folder or an empty database, on which Tributary has not started yet: it is brought up to date afterwards.',
    );
  }
  if (applied.length < migrations.length) await migrate(url, wanted);
}

/** Locks the tables until the end, so that a worker that is already running cannot fill them meanwhile. */
async function refuseFilled(client: pg.Client, { tables }: BackupHeader): Promise<void> {
  const stored = await storedTables(client);
  const quoted = stored.map(({ name }) => client.escapeIdentifier(name));
  await client.query(`lock table ${quoted.join(', ')} in exclusive mode`);
  for (const [index, { name }] of stored.entries()) {
    const { rows } = await client.query<{ filled: boolean }>(`select exists (select from ${quoted[index]}) as filled`);
    if (!rows[0]?.filled) continue;
    throw new SetupError(
      `This database already holds data (${name}), and a backup is never mixed with it. Restore into a new data folder ` +
        '(--data) or an empty database (DATABASE_URL).',
    );
  }
  const known = new Map(stored.map(({ name, columns }) => [name, columns]));
  for (const { name, columns } of tables) {
    if (columns.every((column) => known.get(name)?.includes(column))) continue;
    throw new FileRefusedError(`The backup has a table ${name} that this version of Tributary does not know.`);
  }
}

async function load(client: pg.Client, reader: BackupReader, header: BackupHeader): Promise<void> {
  for (const line of OPENING) await reader.expect(line);
  for (const table of header.tables) {
    await reader.expect(copyIn(table));
    const rows = await loadTable(client, reader, table);
    if (rows === table.rows) continue;
    throw new FileRefusedError(`The backup should hold ${table.rows} rows of ${table.name}, and holds ${rows}.`);
  }
  for (const line of closing(header)) await reader.expect(line);
  if ((await reader.line()) !== null) throw new FileRefusedError('The backup goes on after its end.');
  for (const sequence of header.sequences) await client.query(setSequence(sequence));
}

async function loadTable(client: pg.Client, reader: BackupReader, table: StoredTable): Promise<number> {
  const target = client.query(copyFrom(copyIn(table)));
  await pipeline(reader.rows(), target);
  return target.rowCount;
}

/** Which errors are about the file: what the disk and zlib say of it, and what the database says of its values and keys. */
function refusal(file: string, error: unknown): unknown {
  const { code = '', path, message } = error as NodeJS.ErrnoException;
  if (path === file) return new SetupError(`The backup ${file} cannot be read (${code}).`, { cause: error });
  if (code === 'Z_BUF_ERROR') return refused(file, 'It ends in the middle: it was cut off.', error);
  if (code.startsWith('Z_')) return refused(file, 'It is no backup of Tributary, or was damaged.', error);
  if (error instanceof pg.DatabaseError && /^2[23]/.test(code))
    return refused(file, `The database says: ${message}.`, error);
  return error;
}

function refused(file: string, why: string, cause: unknown): FileRefusedError {
  return new FileRefusedError(`${file} cannot be restored, and nothing was. ${why}`, {}, { cause });
}

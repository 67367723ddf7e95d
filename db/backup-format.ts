import pg from 'pg';
import { z } from 'zod';
import type { IdentitySequence, StoredTable } from './catalogue.ts';

/**
 * A backup is gzipped SQL of the plainest kind, so that it can be read, and at need loaded by psql, without Tributary: one
 * comment that describes it, one COPY per table in PostgreSQL's text format, the counters of identity columns, a last line.
 */
export const BackupHeader = z.object({
  version: z.literal(1),
  createdAt: z.iso.datetime(),
  migrations: z.array(z.string()).min(1),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()).min(1).readonly(), rows: z.int().min(0) })),
  sequences: z.array(
    z.object({ table: z.string(), column: z.string(), last: z.string().regex(/^-?\d+$/), called: z.boolean() }),
  ),
});
export type BackupHeader = z.infer<typeof BackupHeader>;

const MARK = '-- Tributary backup ';

/** Ends the rows of a table: COPY writes no other line like it, for it doubles every backslash of a value. */
export const END_OF_ROWS = '\\.';

export function headerLine(header: BackupHeader): string {
  return MARK + JSON.stringify(header);
}

/** Null where the line is no header of ours, or of a format that came later. */
export function readHeaderLine(line: string): BackupHeader | null {
  if (!line.startsWith(MARK)) return null;
  try {
    return BackupHeader.parse(JSON.parse(line.slice(MARK.length)));
  } catch {
    return null;
  }
}

/** What stands between the header and the first table. */
export const OPENING: readonly string[] = [
  '-- Put it back with: tributary db restore FILE. By hand: gunzip -c FILE | psql DATABASE, with the same tables, empty.',
  '\\set ON_ERROR_STOP on',
  'begin;',
  "set local client_encoding = 'UTF8';",
  "set local datestyle = 'ISO, YMD';",
];

/** What stands behind the last table. */
export function closing({ sequences }: BackupHeader): string[] {
  return [...sequences.map((sequence) => `${setSequence(sequence)};`), 'commit;', '-- End of the backup.'];
}

export function copyIn(table: StoredTable): string {
  return `copy ${named(table)} from stdin;`;
}

export function copyOut(table: StoredTable): string {
  return `copy (select ${columns(table)} from ${pg.escapeIdentifier(table.name)}) to stdout`;
}

export function setSequence({ table, column, last, called }: IdentitySequence): string {
  const sequence = `pg_get_serial_sequence(${pg.escapeLiteral(pg.escapeIdentifier(table))}, ${pg.escapeLiteral(column)})`;
  return `select setval(${sequence}, ${last}, ${called})`;
}

/** Both ends read and write values the same way, whatever the server's own settings are. */
export const SETTINGS = `set client_encoding = 'UTF8'; set datestyle = 'ISO, YMD'; set timezone = 'UTC';
  set bytea_output = 'hex'; set extra_float_digits = 1; set intervalstyle = 'iso_8601'`;

/** What no backup holds, and what that means. */
export const MASTER_KEY_APART =
  "The master key (master.key, or TRIBUTARY_MASTER_KEY) is not in the backup: the networks' keys in it open only with " +
  'that. Keep a copy of it in another place.';

function named(table: StoredTable): string {
  return `${pg.escapeIdentifier(table.name)} (${columns(table)})`;
}

function columns(table: StoredTable): string {
  return table.columns.map((column) => pg.escapeIdentifier(column)).join(', ');
}

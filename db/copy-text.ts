import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

const SPECIAL = /[\\\n\r\t\0]/;
const EVERY_SPECIAL = /[\\\n\r\t]/g;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** What jsonb refuses: the NUL character, and halves of surrogate pairs (`JSON.stringify` writes both as escapes). */
const UNSTORABLE_JSON = /\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}|[dD][c-fC-F][0-9a-fA-F]{2})/;

/** One value in COPY's text format. NUL cannot be stored in Postgres and is left out. */
export function copyValue(value: string | number | Date | null): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return value.toISOString();
  return SPECIAL.test(value) ? escaped(value) : value;
}

function escaped(text: string): string {
  return text.replaceAll('\0', '').replace(EVERY_SPECIAL, (character) => ESCAPES[character] ?? character);
}

/** JSON as a value of COPY. Its text holds line feeds and tabs as escapes, so that one search tells whether it is plain. */
export function copyJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.includes('\\') ? escaped(storableJson(value)) : text;
}

/** JSON text that jsonb takes, whatever a network put into its strings. */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return UNSTORABLE_JSON.test(text) ? JSON.stringify(value, (_key, part) => wellFormed(part)) : text;
}

/** Sends lines (each ended by a line feed) through COPY on this connection. */
export async function copyInto(client: pg.PoolClient, target: string, lines: Iterable<string>): Promise<void> {
  await pipeline(
    Readable.from(chunks(lines), { objectMode: true, highWaterMark: 2 }),
    client.query(copyFrom(`copy ${target} from stdin`)),
  );
}

const CHUNK_CHARACTERS = 256 * 1024;

/** COPY is fastest in large pieces: a write per row costs more than the row. */
function* chunks(lines: Iterable<string>): Generator<Buffer> {
  let chunk = '';
  for (const line of lines) {
    chunk += line;
    if (chunk.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(chunk);
      chunk = '';
    }
  }
  if (chunk) yield Buffer.from(chunk);
}

function wellFormed(part: unknown): unknown {
  if (typeof part === 'string') return part.toWellFormed().replaceAll('\0', '');
  if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [wellFormed(key), value]));
}

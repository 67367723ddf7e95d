import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { utcDay } from '../core/time-window.ts';
import { STAGED_COLUMNS } from '../db/apply-staged.ts';
import { type HashedConversion, stagingLine } from '../db/conversion-columns.ts';

/** Every column of `conversions` that has no default of its own. */
export const TABLE = `conversions (account_id, day, version, first_seen_at, changed_at, ${STAGED_COLUMNS})`;
const SEEN_AT = '2026-07-11T00:00:00Z';
const CHUNK_BYTES = 256 * 1024;

/** One line of COPY straight into `conversions`, as account 1 would have it. */
export function tableLine(conversion: HashedConversion): string {
  return `1\t${utcDay(conversion.row.occurredAt)}\t1\t${SEEN_AT}\t${SEEN_AT}\t${stagingLine(conversion)}`;
}

/** Sends lines that were made beforehand: nothing is left to Node but the socket. */
export async function copyBuffer(client: pg.PoolClient, target: string, lines: Buffer): Promise<void> {
  const chunks = function* () {
    for (let from = 0; from < lines.length; from += CHUNK_BYTES) yield lines.subarray(from, from + CHUNK_BYTES);
  };
  await pipeline(Readable.from(chunks(), { objectMode: true }), client.query(copyFrom(`copy ${target} from stdin`)));
}

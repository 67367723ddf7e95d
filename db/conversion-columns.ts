import { contentHash } from '../core/content-hash.ts';
import type { Conversion } from '../core/conversion.ts';
import { copyJson, copyValue } from './copy-text.ts';

/** A conversion and the hash of what the ledger follows, ready to be asked about. */
export interface HashedConversion {
  readonly row: Conversion;
  readonly hash: string;
}

/** What the ledger follows, in the order in which COPY sends it: name and Postgres type. Written once for every statement. */
export const FOLLOWED = [
  ['status', 'text'],
  ['status_raw', 'text'],
  ['sale_amount', 'numeric(20,6)'],
  ['commission_amount', 'numeric(20,6)'],
  ['currency', 'text'],
  ['occurred_at', 'timestamptz'],
  ['clicked_at', 'timestamptz'],
  ['network_updated_at', 'timestamptz'],
  ['validated_at', 'timestamptz'],
  ['locked_at', 'timestamptz'],
  ['paid_at', 'timestamptz'],
  ['program_id', 'text'],
  ['sub_id', 'text'],
  ['sale_key', 'text'],
  ['order_ref', 'text'],
  ['payment_ref', 'text'],
  ['presence', 'text'],
  ['content_hash', 'uuid'],
] as const;

export const FOLLOWED_NAMES = FOLLOWED.map(([name]) => name);

/** Hashes rows and keeps the last of a repeated id: a page may give a row twice, a statement may not. */
export function hashed(rows: Iterable<Conversion>): HashedConversion[] {
  const byId = new Map<string, Conversion>();
  for (const row of rows) byId.set(row.networkTransactionId, row);
  return Array.from(byId.values(), (row) => ({ row, hash: contentHash(row) }));
}

/** Lines of COPY, made as they are sent: Postgres reads the first while the last are still rows. */
export function* stagingLines(rows: Iterable<HashedConversion>): Generator<string> {
  for (const row of rows) yield stagingLine(row);
}

/** One line of COPY for the staging table: identity, followed columns, raw. */
export function stagingLine({ row, hash }: HashedConversion): string {
  return `${[
    row.networkTransactionId,
    row.status,
    row.statusRaw,
    row.saleAmount,
    row.commissionAmount,
    row.currency,
    row.occurredAt,
    row.clickedAt,
    row.updatedAt,
    row.validatedAt,
    row.lockedAt,
    row.paidAt,
    row.programId,
    row.subId,
    row.saleKey,
    row.orderRef,
    row.paymentRef,
    'present',
    hash,
  ]
    .map(copyValue)
    .join('\t')}\t${copyJson(row.raw)}\n`;
}

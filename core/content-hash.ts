import { hash } from 'node:crypto';
import type { Conversion } from './conversion.ts';

/** Cannot occur inside a value that Postgres accepts as text from us, so that fields never run together. */
const SEPARATOR = '\u001f';

/**
 * 128 bits over every field that the ledger follows, as 32 hex digits (a `uuid` for Postgres). Nothing that changes by
 * itself takes part: no fetch time, no raw text, no program name. Equal hashes mean that there is nothing to write.
 */
export function contentHash(row: Conversion): string {
  const text = [
    row.status,
    row.statusRaw,
    row.saleAmount,
    row.commissionAmount,
    row.currency,
    row.occurredAt.getTime(),
    row.clickedAt?.getTime(),
    row.updatedAt?.getTime(),
    row.validatedAt?.getTime(),
    row.lockedAt?.getTime(),
    row.paidAt?.getTime(),
    row.programId,
    row.subId,
    row.saleKey,
    row.orderRef,
    row.paymentRef,
  ].join(SEPARATOR);
  return hash('md5', text);
}

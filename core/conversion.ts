import type { Decimal } from './money.ts';

export const STATUSES = ['pending', 'approved', 'paid', 'reversed'] as const;
export type Status = (typeof STATUSES)[number];

/** One row that a network reports: a sale, lead, bonus or correction, in our words. */
export interface Conversion {
  /** Identity within the account. The network's own id, or the composite that its connector declares. */
  readonly networkTransactionId: string;
  /** Rows that belong to one sale share it, so that a cohort or a history nets the sale. */
  readonly saleKey: string | null;
  readonly status: Status;
  /** The network's word, kept as it was said. */
  readonly statusRaw: string;
  readonly saleAmount: Decimal;
  readonly commissionAmount: Decimal;
  readonly currency: string;
  readonly occurredAt: Date;
  readonly clickedAt: Date | null;
  /** When the network last changed the row, by its own clock; null where it does not say. */
  readonly updatedAt: Date | null;
  readonly validatedAt: Date | null;
  readonly lockedAt: Date | null;
  readonly paidAt: Date | null;
  readonly programId: string | null;
  /** Goes to the program, not to the conversion: a renamed merchant does not change a million rows. */
  readonly programName: string | null;
  readonly subId: string | null;
  readonly orderRef: string | null;
  readonly paymentRef: string | null;
  /** The answer's own row, kept for a look; it takes no part in the content hash. */
  readonly raw: unknown;
}

/** A row that the connector read, with only what it had to say: the rest is null. */
export type ConversionFields = Pick<
  Conversion,
  'networkTransactionId' | 'status' | 'statusRaw' | 'saleAmount' | 'commissionAmount' | 'currency' | 'occurredAt'
> &
  Partial<Omit<Conversion, 'raw'>>;

/**
 * Completes what a connector read with nulls for what its network does not say. Field by field, because every row of every
 * window passes here: objects that are spread together are several times as slow to make and to read.
 */
export function conversion(fields: ConversionFields, raw: unknown): Conversion {
  return {
    networkTransactionId: fields.networkTransactionId,
    saleKey: fields.saleKey ?? null,
    status: fields.status,
    statusRaw: fields.statusRaw,
    saleAmount: fields.saleAmount,
    commissionAmount: fields.commissionAmount,
    currency: fields.currency,
    occurredAt: fields.occurredAt,
    clickedAt: fields.clickedAt ?? null,
    updatedAt: fields.updatedAt ?? null,
    validatedAt: fields.validatedAt ?? null,
    lockedAt: fields.lockedAt ?? null,
    paidAt: fields.paidAt ?? null,
    programId: fields.programId ?? null,
    programName: fields.programName ?? null,
    subId: fields.subId ?? null,
    orderRef: fields.orderRef ?? null,
    paymentRef: fields.paymentRef ?? null,
    raw,
  };
}

/**
 * Moves that the life of a conversion knows. Any other is stored all the same, and flagged in the ledger as irregular:
 * the network has the last word on its own books, the owner gets to see that it was a strange one.
 */
export const REGULAR_MOVES: readonly (readonly [from: Status, to: Status])[] = [
  ['pending', 'approved'],
  ['pending', 'paid'],
  ['pending', 'reversed'],
  ['approved', 'paid'],
  ['approved', 'reversed'],
  ['paid', 'reversed'],
];

export function isRegularMove(from: Status, to: Status): boolean {
  return from === to || REGULAR_MOVES.some(([a, b]) => a === from && b === to);
}

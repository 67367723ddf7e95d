import { type Conversion, conversion } from '../../core/conversion.ts';
import { decimal } from '../../core/money.ts';

/** A plain pending sale; a test names only what matters to it. */
export function sale(
  networkTransactionId: string,
  fields: Partial<Conversion> & { commission?: string } = {},
): Conversion {
  const { commission = '1', ...rest } = fields;
  return {
    ...conversion(
      {
        networkTransactionId,
        status: 'pending',
        statusRaw: 'pending',
        saleAmount: decimal('10'),
        commissionAmount: decimal(commission),
        currency: 'EUR',
        occurredAt: new Date('2026-03-01T10:00:00Z'),
        programId: '7',
        programName: 'Acme',
      },
      { id: networkTransactionId },
    ),
    ...rest,
  };
}

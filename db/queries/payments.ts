import { type Database, inTransaction } from '../client.ts';
import { storableJson } from '../copy-text.ts';
import { holdFence, type RunHandle } from '../fence.ts';

export interface PaymentRow {
  readonly paymentRef: string;
  readonly amount: string;
  readonly currency: string;
  readonly paidAt: Date | null;
  readonly statusRaw: string | null;
  readonly raw: unknown;
}

/** Keeps what a network says that it has sent. Only a payment that is new or differs is written; returns how many were. */
export async function savePayments(db: Database, run: RunHandle, payments: readonly PaymentRow[]): Promise<number> {
  if (payments.length === 0) return 0;
  return inTransaction(db, async (client) => {
    await holdFence(client, run);
    let written = 0;
    for (const payment of payments) {
      const { rowCount } = await client.query(
        `insert into payments as p (account_id, payment_ref, amount, currency, paid_at, status_raw, raw)
         select $1, $2, $3::numeric, $4, $5::timestamptz, $6, $7::jsonb
         where not exists (select 1 from payments known where known.account_id = $1 and known.payment_ref = $2
           and (known.amount, known.currency, known.paid_at, known.status_raw) is not distinct from ($3::numeric, $4::text, $5::timestamptz, $6::text))
         on conflict (account_id, payment_ref) do update set amount = excluded.amount, currency = excluded.currency,
           paid_at = excluded.paid_at, status_raw = excluded.status_raw, raw = excluded.raw, changed_at = now()`,
        [
          run.accountId,
          payment.paymentRef,
          payment.amount,
          payment.currency,
          payment.paidAt,
          payment.statusRaw,
          storableJson(payment.raw),
        ],
      );
      written += rowCount ?? 0;
    }
    return written;
  });
}

import type { Decimal } from '../../core/money.ts';
import { lastChange, type NetworkRow, stateAt } from '../lives/row.ts';
import { localText } from '../zone.ts';

/** One transaction as Awin tells it at a moment, in the zone that was asked for. */
export function transaction(row: NetworkRow, now: Date, timeZone: string) {
  const { sale } = row;
  const state = stateAt(row, now) ?? row.states[0];
  const { currency } = sale.merchant;
  const amount = (value: Decimal) => ({ amount: Number(value), currency });
  const validated = lastChange(row, now, 'approved', 'declined');
  const amended = lastChange(row, now, 'amended') !== undefined;
  const paid = lastChange(row, now, 'paid');
  const told = (at: Date | undefined) => (at ? localText(at, timeZone) : null);
  return {
    id: Number(row.id),
    url: `${sale.merchant.url}p/${sale.number % 97}`,
    advertiserId: Number(row.programId),
    publisherId: 440022,
    commissionSharingPublisherId: 0,
    commissionSharingSelectedRatePublisherId: 0,
    campaign: '',
    siteName: 'Quiet Garden',
    commissionStatus: commissionStatus(row, state.status),
    commissionAmount: amount(state.amounts.commission),
    saleAmount: amount(state.amounts.sale),
    ipHash: '-1',
    customerCountry: sale.merchant.region,
    clickRefs: clickRefs(row, state.subId),
    clickDate: sale.number % 11 === 0 ? null : told(sale.clickedAt),
    transactionDate: told(sale.occurredAt),
    validationDate: told(validated?.from),
    type: sale.merchant.kind === 'lead' ? 'Lead' : 'Commission group transaction',
    declineReason: state.status === 'reversed' ? 'Order cancelled' : null,
    voucherCodeUsed: false,
    voucherCode: '',
    lapseTime: (sale.occurredAt.getTime() - sale.clickedAt.getTime()) / 1000,
    amended,
    amendReason: amended ? 'Partial return' : null,
    oldSaleAmount: amended ? amount(sale.total.sale) : null,
    oldCommissionAmount: amended ? amount(sale.total.commission) : null,
    clickDevice: 'Windows',
    transactionDevice: 'Windows',
    publisherUrl: 'https://quiet-garden.example/',
    advertiserCountry: sale.merchant.region,
    orderRef: sale.orderRef,
    customParameters: null,
    transactionParts: [
      {
        commissionGroupId: 9001,
        amount: Number(state.amounts.sale),
        commissionAmount: Number(state.amounts.commission),
        commissionGroupCode: 'DEFAULT',
        commissionGroupName: 'Default',
        advertiserCost: null,
        trackedParts: null,
      },
    ],
    paidToPublisher: paid !== undefined,
    // One payment per run: the months since 2020 number them.
    paymentId: paid ? 330_000 + (paid.from.getUTCFullYear() - 2020) * 12 + paid.from.getUTCMonth() : 0,
    transactionQueryId: 0,
    originalSaleAmount: null,
    advertiserCost: null,
  };
}

/** Awin's own word never says paid; a transaction that was declined may also be called deleted. */
function commissionStatus({ sale }: NetworkRow, status: string): string {
  if (status === 'reversed') return sale.number % 3 === 0 ? 'deleted' : 'declined';
  return status === 'pending' ? 'pending' : 'approved';
}

/** Missing, empty, null and in the second place: all of these occur. */
function clickRefs({ sale }: NetworkRow, subId: string | null) {
  if (subId === null) return [null, {}, { clickRef: '' }, { clickRef: null, clickRef2: '' }][sale.number % 4];
  return sale.number % 5 === 0 ? { clickRef: '', clickRef2: subId } : { clickRef: subId, clickRef2: '' };
}

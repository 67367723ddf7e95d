import type { Decimal } from '../../core/money.ts';
import { isOpenEnded, lockingDateAt } from '../lives/cj.ts';
import { lastChange, type NetworkRow, stateAt } from '../lives/row.ts';
import type { World } from '../world.ts';

export const COMPANY_ID = '7340022';

export type CommissionRecord = ReturnType<typeof commissionRecord>;

/** One record as CJ tells it at a moment: all fields of the schema, from which a query selects. */
export function commissionRecord(world: World, row: NetworkRow, now: Date) {
  const { sale, part } = row;
  const { amounts, subId } = stateAt(row, now) ?? row.states[0];
  const isLead = sale.merchant.kind === 'lead';
  const total = isLead ? null : decimalText(amounts.sale);
  const commission = decimalText(amounts.commission);
  const tracker = String(370_000 + (Number(row.programId) % 1_000));
  return {
    commissionId: row.id,
    original: part === 'original',
    originalActionId: row.saleKey,
    correctionReason: part === 'original' ? null : 'RETURNED_MERCHANDISE',
    actionStatus: actionStatus(row, now),
    reviewedStatus: null,
    ...validation(world, row, now),
    actionType: isLead ? 'sim_lead' : sale.number % 4 === 0 ? 'item_sale' : 'sim_sale',
    actionTrackerId: tracker,
    actionTrackerName: isLead ? 'Request' : 'Online sale',
    advertiserId: row.programId,
    advertiserName: sale.merchant.name,
    publisherId: COMPANY_ID,
    publisherName: 'Quiet Garden',
    websiteId: '9200456',
    websiteName: 'quiet-garden.example',
    aid: '13700001',
    clickDate: sale.number % 9 === 0 ? null : instantText(sale.clickedAt),
    clickReferringURL: null,
    eventDate: instantText(sale.occurredAt),
    postingDate: instantText(row.states[0].from),
    lockingDate: instantText(lockingDateAt(row, now)),
    orderId: sale.orderRef,
    saleAmountPubCurrency: total,
    saleAmountUsd: total,
    saleAmountAdvCurrency: total,
    pubCommissionAmountPubCurrency: commission,
    pubCommissionAmountUsd: commission,
    orderDiscountPubCurrency: null,
    orderDiscountUsd: null,
    orderDiscountAdvCurrency: null,
    orderDiscountOrigCurrency: null,
    // An absent sub-id is null on one row and empty on the next.
    shopperId: subId ?? (sale.number % 2 === 0 ? null : ''),
    sid: null,
    coupon: null,
    country: 'US',
    source: null,
    siteToStoreOffer: null,
    isCrossDevice: false,
    initiatingBrowser: null,
    initiatingDeviceName: null,
    initiatingDeviceType: null,
    concludingBrowser: null,
    concludingDeviceName: null,
    concludingDeviceType: null,
    situationDetails: [],
    items: [],
    verticalAttributes: null,
  };
}

function actionStatus(row: NetworkRow, now: Date): string {
  const last = lastChange(row, now, 'extended', 'approved', 'declined', 'paid');
  switch (last?.event) {
    case 'extended':
      return 'extended';
    case 'approved':
    case 'declined':
      return 'locked';
    case 'paid':
      return 'closed';
    default:
      return 'new';
  }
}

function validation(world: World, row: NetworkRow, now: Date) {
  if (!isOpenEnded(world, row.sale)) return { validationStatus: 'AUTOMATED', lockingMethod: 'FIXED_DATE' };
  const decided = lastChange(row, now, 'approved', 'declined');
  const words = { approved: 'ACCEPTED', declined: 'DECLINED' } as const;
  const validationStatus = decided ? words[decided.event as keyof typeof words] : 'PENDING';
  return { validationStatus, lockingMethod: 'OPEN_ENDED' };
}

/** Decimals are text here, with no more digits than they need: `-40`, `5.915`. */
function decimalText(amount: Decimal): string {
  return amount.replace(/\.?0+$/, '');
}

function instantText(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

import { plainAmount } from '../../core/money.ts';
import { DAY_MS } from '../../core/time-window.ts';
import { CLEARS_AFTER_MS, lockingDateOf, trackerOf } from '../lives/impact.ts';
import { minus, type NetworkRow, type RowState } from '../lives/row.ts';
import type { WireAnswer } from '../wire.ts';
import type { World } from '../world.ts';
import { STATES } from './impact-actions.ts';
import { ACCOUNT_SID, type Asked, isRefused, isWithin, page, told, windowsAsked } from './impact-wire.ts';

const SIZES = { least: 2_000, most: 20_000 };

/** The change log: signed differences, and the paystub once an action has been paid. Never totals. */
export function actionUpdates(asked: Asked): WireAnswer {
  const { world, request } = asked;
  const now = world.clock.now();
  const windows = windowsAsked(asked);
  if (isRefused(windows)) return windows;
  const { updated, happened, locks } = windows;
  const campaign = request.query.get('CampaignId');
  const updates = world
    .rows('impact', now)
    .filter((row) => isWithin(happened, row.occurredAt))
    .filter((row) => !locks || isWithin(locks, lockingDateOf(world, row.sale)))
    .filter((row) => campaign === null || row.programId === campaign)
    .flatMap((row) => row.states.map((state, index) => ({ row, state, index })))
    .filter(({ state }) => state.from <= now && isWithin(updated, state.from))
    .sort((a, b) => b.state.from.getTime() - a.state.from.getTime() || (a.row.id < b.row.id ? 1 : -1));
  return page(asked, 'ActionUpdates', updates, SIZES, ({ row, state, index }) => update(world, row, state, index));
}

function update(world: World, row: NetworkRow, state: RowState, index: number) {
  const { sale } = row;
  const before = row.states[index - 1];
  const delta = before ? minus(state.amounts, before.amounts) : state.amounts;
  const lock = lockingDateOf(world, sale);
  return {
    Id: `${row.id}.${31 + index}`,
    ActionId: row.id,
    CampaignId: row.programId,
    ActionTrackerId: trackerOf(sale),
    EventCode: '',
    State: STATES[state.status],
    StateDetail: '',
    StateDetailDescription: '',
    AdId: '881200',
    ReportingState: '',
    DeltaPayout: plainAmount(delta.commission),
    DeltaAmount: plainAmount(delta.sale),
    Currency: sale.merchant.currency,
    Category: '',
    Sku: '',
    Quantity: '',
    UpdateDate: told(state.from),
    LockingDate: told(lock),
    ClearingDate: told(new Date(lock.getTime() + CLEARS_AFTER_MS)),
    ActionDate: told(row.occurredAt),
    Oid: sale.orderRef,
    SubId1: state.subId ?? '',
    SubId2: '',
    SubId3: '',
    SharedId: '',
    PaystubId: state.event === 'paid' ? paystubOf(state.from) : '',
    ContractId: `${row.programId}1`,
    EventTypeId: trackerOf(sale),
    EventTypeName: sale.merchant.kind === 'lead' ? 'Sign-up' : 'Sale',
    PayoutLevel: '',
    DefaultPayout: '',
    DefaultPayoutCurrency: '',
    ActionUri: `/Mediapartners/${ACCOUNT_SID}/Actions/${row.id}`,
    Uri: `/Mediapartners/${ACCOUNT_SID}/ActionUpdates/${row.id}.${31 + index}`,
  };
}

/** One withdrawal per payment run. */
function paystubOf(paidAt: Date): string {
  return String(550_000 + Math.floor(paidAt.getTime() / DAY_MS));
}

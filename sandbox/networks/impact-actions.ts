import type { Status } from '../../core/conversion.ts';
import { fromMicros, plainAmount, toMicros, ZERO } from '../../core/money.ts';
import { CLEARS_AFTER_MS, lockingDateOf, trackerOf } from '../lives/impact.ts';
import { lastChange, type NetworkRow, stateAt } from '../lives/row.ts';
import { json, type WireAnswer } from '../wire.ts';
import type { World } from '../world.ts';
import {
  ACCOUNT_SID,
  type Asked,
  invalid,
  isRefused,
  isWithin,
  page,
  problem,
  told,
  windowsAsked,
} from './impact-wire.ts';

/** The network's word. Being paid is not one of its states. */
export const STATES: Readonly<Record<Status, string>> = {
  pending: 'PENDING',
  approved: 'APPROVED',
  paid: 'APPROVED',
  reversed: 'REVERSED',
};
const SIZES = { least: 2_000, most: 20_000 };

/** Actions by last update, by their own date or by locking date, newest first. */
function list(asked: Asked): WireAnswer {
  const { world, request } = asked;
  const now = world.clock.now();
  const windows = windowsAsked(asked);
  if (isRefused(windows)) return windows;
  if (request.query.has('State') && !Object.values(STATES).includes(request.query.get('State') ?? '')) {
    return invalid('State', 'must be PENDING, APPROVED or REVERSED');
  }

  const { updated, happened, locks } = windows;
  const { query } = request;
  const rows = world
    .rows('impact', now)
    .filter((row) => isWithin(updated, lastUpdate(row, now)) && isWithin(happened, row.occurredAt))
    .filter((row) => !locks || isWithin(locks, lockingDateOf(world, row.sale)))
    .filter((row) => !query.has('CampaignId') || row.programId === query.get('CampaignId'))
    .filter((row) => !query.has('State') || STATES[stateAt(row, now)?.status ?? 'pending'] === query.get('State'))
    .sort((a, b) => b.states[0].from.getTime() - a.states[0].from.getTime() || (a.id < b.id ? 1 : -1));
  return page(asked, 'Actions', rows, SIZES, (row) => action(world, row, now));
}

function one(world: World, id: string): WireAnswer {
  const row = world.rows('impact', world.clock.now()).find((candidate) => candidate.id === id);
  return row ? json(200, action(world, row, world.clock.now())) : problem(404, 'Action not found');
}

export const actions = { list, one };

/** A mere change of state (it locks, it is paid) is no update; a change of amounts is one. */
function lastUpdate(row: NetworkRow, now: Date): Date {
  return lastChange(row, now, 'appeared', 'amended', 'declined')?.from ?? row.states[0].from;
}

function action(world: World, row: NetworkRow, now: Date) {
  const { sale } = row;
  const { status, amounts, subId } = stateAt(row, now) ?? row.states[0];
  const lock = lockingDateOf(world, sale);
  const clears = new Date(lock.getTime() + CLEARS_AFTER_MS);
  const changed = lastChange(row, now, 'amended', 'declined') !== undefined;
  const delta = (is: typeof amounts.sale, was: typeof amounts.sale) =>
    plainAmount(fromMicros(toMicros(is) - toMicros(changed ? was : ZERO)));
  return {
    Id: row.id,
    // An integer on one row and text on the next.
    CampaignId: sale.number % 2 === 0 ? row.programId : Number(row.programId),
    CampaignName: sale.merchant.name,
    ActionTrackerId: trackerOf(sale),
    ActionTrackerName: sale.merchant.kind === 'lead' ? 'Sign-up' : 'Online Sale',
    EventCode: '',
    State: STATES[status],
    AdId: '881200',
    Payout: plainAmount(amounts.commission),
    DeltaPayout: delta(amounts.commission, sale.total.commission),
    IntendedPayout: plainAmount(sale.total.commission),
    Amount: plainAmount(amounts.sale),
    DeltaAmount: delta(amounts.sale, sale.total.sale),
    IntendedAmount: plainAmount(sale.total.sale),
    Currency: sale.merchant.currency,
    ReferringDate: sale.number % 9 === 0 ? '' : told(sale.clickedAt),
    EventDate: told(sale.occurredAt),
    CreationDate: told(row.states[0].from),
    LockingDate: told(lock),
    ClearedDate: status !== 'reversed' && clears <= now ? told(clears) : '',
    ReferringType: sale.number % 9 === 0 ? 'PROMOCODE' : 'CLICK_COOKIE',
    ReferringDomain: 'quiet-garden.example',
    PromoCode: '',
    Oid: sale.orderRef,
    CustomerArea: '',
    CustomerCity: '',
    CustomerRegion: '',
    CustomerCountry: sale.merchant.region,
    SubId1: subId ?? '',
    SubId2: '',
    SubId3: '',
    SharedId: '',
    Uri: `/Mediapartners/${ACCOUNT_SID}/Actions/${row.id}`,
  };
}

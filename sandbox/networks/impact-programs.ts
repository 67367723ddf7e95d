import { plainAmount, sum } from '../../core/money.ts';
import { lastChange, type NetworkRow } from '../lives/row.ts';
import type { WireAnswer } from '../wire.ts';
import { ACCOUNT_SID, type Asked, isRefused, isWithin, lastWeek, page, told, windowAsked } from './impact-wire.ts';

const SIZES = { least: 1, most: 20_000 };
const MONTH_MS = 25 * 24 * 60 * 60 * 1000;

/** The programs that this partner has joined. */
export function campaigns(asked: Asked): WireAnswer {
  const rows = asked.world.merchants('impact').map(({ id, name, url }) => ({
    AdvertiserId: `5${id}`,
    AdvertiserName: `${name} Ltd.`,
    AdvertiserUrl: url,
    CampaignId: id,
    CampaignName: name,
    CampaignUrl: url,
    ContractStatus: 'Active',
    TrackingLink: `https://track-${id}.example/c/7340/881200/${id}`,
    AllowsDeeplinking: 'true',
    DeeplinkDomains: [new URL(url).hostname],
    Type: 'Performance',
  }));
  const wished = asked.request.query.get('InsertionOrderStatus');
  return page(asked, 'Campaigns', wished === 'Expired' ? [] : rows, SIZES, (row) => row);
}

/** One invoice per payment run and currency, told from the moment of the run. */
export function invoices(asked: Asked): WireAnswer {
  const window = windowAsked(asked, 'StartDate', 'EndDate') ?? lastWeek(asked);
  if (isRefused(window)) return window;
  const now = asked.world.clock.now();
  const groups = new Map<string, { at: Date; rows: NetworkRow[] }>();
  for (const row of asked.world.rows('impact', now)) {
    const paid = lastChange(row, now, 'paid');
    if (!paid || !isWithin(window, paid.from)) continue;
    const key = `${paid.from.getTime()} ${row.sale.merchant.currency}`;
    const group = groups.get(key) ?? { at: paid.from, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return page(asked, 'Invoices', [...groups.values()], SIZES, ({ at, rows }) => invoice(at, rows));
}

function invoice(at: Date, rows: readonly NetworkRow[]) {
  const id = `7340-${rows[0]?.sale.merchant.currency}-${Math.floor(at.getTime() / MONTH_MS)}`;
  const uri = `/Mediapartners/${ACCOUNT_SID}/Invoices/${id}`;
  return {
    Id: id,
    CreatedDate: told(at),
    RecipientId: '7340',
    RecipientName: 'Quiet Garden',
    Currency: rows[0]?.sale.merchant.currency,
    TotalAmount: plainAmount(paidFor(rows)),
    TotalVatAmount: '0.00',
    LineItems: lineItems(at, rows),
    DetailedLineItems: [],
    PDF: `${uri}/Download`,
    Uri: uri,
  };
}

/** Per program and month of the event; the month has no leading zero: `12026` is January 2026. */
function lineItems(at: Date, rows: readonly NetworkRow[]) {
  const groups = new Map<string, NetworkRow[]>();
  for (const row of rows) {
    const month = `${row.occurredAt.getUTCMonth() + 1}${row.occurredAt.getUTCFullYear()}`;
    const key = `${row.programId} ${month}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, group]) => ({
    CampaignId: key.split(' ')[0],
    CampaignName: group[0]?.sale.merchant.name,
    Description: 'MEDIA_PAYOUT',
    EventMonthYear: key.split(' ')[1],
    Actions: String(group.length),
    NetItemAmount: plainAmount(paidFor(group)),
    VatItemAmount: '',
    TotalItemAmount: plainAmount(paidFor(group)),
    Status: 'PAID',
    DueDate: told(at),
    PaidDate: told(at),
  }));
}

function paidFor(rows: readonly NetworkRow[]) {
  return sum(rows.flatMap(({ states }) => states.at(-1)?.amounts.commission ?? []));
}

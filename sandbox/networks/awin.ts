import { DAY_MS, MINUTE_MS } from '../../core/time-window.ts';
import { lastChange, type NetworkRow } from '../lives/row.ts';
import { Throttle } from '../throttle.ts';
import { json, type SimulatedNetwork, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import { localInstant } from '../zone.ts';
import { advertiserReport, campaignReport } from './awin-reports.ts';
import { transaction } from './awin-transaction.ts';
import type { SimulatorOptions } from './index.ts';

const PUBLISHER_ID = '440022';
const TOKEN = 'sandbox-awin-7c1e2f40-0000-4000-8000-000000440022';
const MOST_DAYS = 31;
const MOST_IDS = 100;
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Europe/Paris',
  'Europe/London',
  'Europe/Dublin',
  'Canada/Eastern',
  'Canada/Central',
  'Canada/Mountain',
  'Canada/Pacific',
  'US/Eastern',
  'US/Central',
  'US/Mountain',
  'US/Pacific',
];
const THROTTLED = problem(429, 'too_many_requests', 'You have exceeded the limit of 20 API calls per minute');

/** Awin: one bare array per window of at most 31 days, times in the zone that was asked for, twenty calls a minute. */
export function awin(world: World, { unlimited }: SimulatorOptions): SimulatedNetwork {
  const throttle = new Throttle(20, MINUTE_MS, unlimited);
  return {
    id: 'awin',
    hosts: ['api.awin.com'],
    credentials: { accessToken: TOKEN, publisherId: PUBLISHER_ID },
    throttles: [THROTTLED],
    listing: { path: /\/transactions\/?$/, rows: '', field: 'commissionAmount', repeatable: true },
    answer(request) {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) {
        return problem(401, 'unauthorized', 'Full authentication is required to access this resource');
      }
      if (throttle.take(TOKEN, world.clock.now()) > 0) return THROTTLED;
      return route(world, request);
    },
  };
}

function route(world: World, request: WireRequest): WireAnswer {
  if (request.method !== 'GET')
    return problem(405, 'method_not_allowed', `Request method '${request.method}' is not supported`);
  if (request.path === '/accounts') return json(200, accounts());
  const [, publisherId, resource] = /^\/publishers\/([^/]+)\/(.+?)\/?$/.exec(request.path) ?? [];
  if (publisherId === undefined) return problem(404, 'not_found', `No message available for ${request.path}`);
  if (publisherId !== PUBLISHER_ID)
    return problem(403, 'forbidden', `User has no access to the account ${publisherId}`);
  switch (resource) {
    case 'transactions':
      return transactions(world, request.query);
    case 'programmes':
      return programmes(world, request.query);
    case 'reports/advertiser':
      return advertiserReport(world, request.query);
    case 'reports/campaign':
      return campaignReport(world, request.query);
    default:
      return problem(404, 'not_found', `No message available for ${request.path}`);
  }
}

function transactions(world: World, query: URLSearchParams): WireAnswer {
  const timeZone = query.get('timezone') ?? '';
  if (!ZONES.includes(timeZone)) return problem(400, 'bad_request', 'timezone is missing or not supported');
  const now = world.clock.now();
  const rows = world.rows('awin', now);
  const told = (found: readonly NetworkRow[]) =>
    json(
      200,
      found.map((row) => transaction(row, now, timeZone)),
    );

  const ids = query.get('ids')?.split(',');
  if (ids && ids.length > MOST_IDS) return problem(400, 'bad_request', `ids: at most ${MOST_IDS} ids may be given`);
  if (ids) return told(rows.filter(({ id }) => ids.includes(id)));

  const start = localInstant(query.get('startDate') ?? '', timeZone);
  const end = localInstant(query.get('endDate') ?? '', timeZone);
  if (!start || !end)
    return problem(400, 'bad_request', 'startDate and endDate must have the format yyyy-MM-ddTHH:mm:ss');
  if (end < start) return problem(400, 'bad_request', 'endDate must not be before startDate');
  if (end.getTime() - start.getTime() > MOST_DAYS * DAY_MS) {
    return problem(400, 'bad_request', `The date range must not exceed ${MOST_DAYS} days`);
  }
  const dateOf = DATE_TYPES[query.get('dateType') ?? 'transaction'];
  if (!dateOf) return problem(400, 'bad_request', 'dateType must be transaction, validation or amendment');

  const advertisers = query.get('advertiserId')?.split(',');
  return told(
    rows.filter((row) => {
      const at = dateOf(row, now);
      if (!at || at < start || at > end) return false;
      if (advertisers && !advertisers.includes(row.programId)) return false;
      return !query.has('status') || transaction(row, now, timeZone).commissionStatus === query.get('status');
    }),
  );
}

/** Which date of a transaction a window means. Being paid moves none of them. */
const DATE_TYPES: Readonly<Record<string, (row: NetworkRow, now: Date) => Date | undefined>> = {
  transaction: (row) => row.occurredAt,
  validation: (row, now) => lastChange(row, now, 'approved', 'declined')?.from,
  amendment: (row, now) => lastChange(row, now, 'amended')?.from,
};

function accounts() {
  return {
    userId: 77001,
    accounts: [
      { accountId: Number(PUBLISHER_ID), accountName: 'Quiet Garden', accountType: 'publisher', userRole: 'owner' },
    ],
  };
}

function programmes(world: World, query: URLSearchParams): WireAnswer {
  const relationship = query.get('relationship') ?? 'joined';
  if (relationship !== 'joined') return json(200, []);
  return json(
    200,
    world.merchants('awin').map(({ id, name, url, currency, region }) => ({
      id: Number(id),
      name,
      displayUrl: url,
      clickThroughUrl: `https://www.awin1.com/awclick.php?mid=${id}&id=${PUBLISHER_ID}`,
      logoUrl: '',
      description: '',
      currencyCode: currency,
      status: 'Active',
      primaryRegion: { name: region === 'GB' ? 'United Kingdom' : 'Germany', countryCode: region },
      validDomains: [{ domain: new URL(url).hostname }],
    })),
  );
}

/** Awin's error shape. */
function problem(status: number, error: string, description: string): WireAnswer {
  return json(status, { error, description });
}

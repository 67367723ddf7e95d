import { MINUTE_MS } from '../../core/time-window.ts';
import { parseQuery, select } from '../graphql.ts';
import type { Merchant } from '../merchants.ts';
import { Throttle } from '../throttle.ts';
import { html, json, type Mood, type SimulatedNetwork, text, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import { publisherCommissions } from './cj-commissions.ts';
import { COMPANY_ID } from './cj-record.ts';
import type { SimulatorOptions } from './index.ts';

const TOKEN = 'cjpat-SANDBOX-0001';
const LOOKUP_HOST = 'advertiser-lookup.api.cj.com';
const THROTTLED = text(429, 'Too many requests');

/** CJ: GraphQL over POST, failures with status 200, a cursor that is the last commission's id, and an XML look-up. */
export function cj(world: World, { pageSize, unlimited }: SimulatorOptions): SimulatedNetwork {
  const throttle = new Throttle(25, MINUTE_MS, unlimited);
  return {
    id: 'cj',
    hosts: ['commissions.api.cj.com', LOOKUP_HOST],
    credentials: { personalAccessToken: TOKEN, companyId: COMPANY_ID, publisherCurrency: 'USD' },
    throttles: [THROTTLED, html(503, 'Service temporarily unavailable')],
    listing: { path: /^\/query$/, rows: 'data.publisherCommissions.records', field: 'commissionId', repeatable: true },
    answer(request, mood) {
      const refused = refusal(request);
      if (refused) return refused;
      if (throttle.take(TOKEN, world.clock.now()) > 0) return THROTTLED;
      if (request.host === LOOKUP_HOST) return advertiserLookup(world, request);
      if (request.path !== '/query') return text(404, 'Not Found');
      return request.method === 'POST' ? query(world, pageSize, request, mood) : text(405, 'Method Not Allowed');
    },
  };
}

/** The real one repeats the key that it refuses. */
function refusal({ headers: { authorization }, host }: WireRequest): WireAnswer | null {
  if (authorization === `Bearer ${TOKEN}`) return null;
  const words = authorization ? `Not Authenticated: ${authorization}` : 'You must specify an Authorization header';
  return host === LOOKUP_HOST ? xmlError(401, words) : text(401, words);
}

function query(world: World, pageSize: number, request: WireRequest, mood: Mood | undefined): WireAnswer {
  try {
    const { query, variables } = readBody(request.body);
    const answers = parseQuery(query, variables).map((field) => {
      if (field.name !== 'publisherCommissions') {
        throw new SyntaxError(`Cannot query field '${field.name}' on type 'Query'`);
      }
      const commissions = publisherCommissions(world, pageSize, field.args, mood);
      return [field.alias, select(commissions, field.fields, 'PublisherCommissions')];
    });
    return json(200, { data: Object.fromEntries(answers) });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return json(200, { errors: [{ message: error.message }], data: null });
  }
}

/** Either the bare query, or JSON with `query` and `variables`. */
function readBody(body: string): { query: string; variables: Record<string, unknown> } {
  if (!/^\s*\{\s*"/.test(body)) return { query: body, variables: {} };
  const { query, variables } = JSON.parse(body) as { query?: string; variables?: Record<string, unknown> | null };
  return { query: query ?? '', variables: variables ?? {} };
}

function advertiserLookup(world: World, { path, query }: WireRequest): WireAnswer {
  if (!/^\/v[23]\/advertiser-lookup$/.test(path)) return text(401, '');
  if (query.get('requestor-cid') !== COMPANY_ID) return xmlError(400, 'requestor-cid is missing or not yours');
  const size = Number(query.get('records-per-page') ?? 25);
  if (!(size >= 1 && size <= 100)) return xmlError(400, 'records-per-page must be between 1 and 100');
  const page = Number(query.get('page-number') ?? 1);
  const asked = query.get('advertiser-ids') ?? '';
  const found = world
    .merchants('cj')
    .filter(({ id }) => asked === 'joined' || (asked !== 'notjoined' && asked.split(',').includes(id)));
  const shown = found.slice((page - 1) * size, page * size);
  const head = `total-matched="${found.length}" records-returned="${shown.length}" page-number="${page}"`;
  return xml(200, `<cj-api><advertisers ${head}>${shown.map(advertiser).join('')}</advertisers></cj-api>`);
}

function advertiser({ id, name, url, kind }: Merchant): string {
  const fields = {
    'advertiser-id': id,
    'account-status': 'Active',
    'seven-day-epc': '11.20',
    'three-month-epc': '9.87',
    language: 'en',
    'advertiser-name': name.replaceAll('&', '&amp;'),
    'program-url': url,
    'relationship-status': 'joined',
    'mobile-tracking-certified': 'true',
    'network-rank': '3',
  };
  const elements = Object.entries(fields).map(([element, value]) => `<${element}>${value}</${element}>`);
  const category = kind === 'lead' ? 'Insurance' : 'Shopping';
  return `<advertiser>${elements.join('')}<primary-category><parent>${category}</parent></primary-category></advertiser>`;
}

function xmlError(status: number, words: string): WireAnswer {
  return xml(status, `<cj-api><error-message>${words}</error-message></cj-api>`);
}

function xml(status: number, body: string): WireAnswer {
  return text(status, `<?xml version="1.0" encoding="UTF-8"?>${body}`, 'application/xml;charset=UTF-8');
}

import { MINUTE_MS } from '../../core/time-window.ts';
import { Throttle } from '../throttle.ts';
import { TokenDesk } from '../token-desk.ts';
import { json, type Mood, type SimulatedNetwork, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import type { SimulatorOptions } from './index.ts';
import { events } from './rakuten-events.ts';
import { paymentReport, WEB_SERVICES_TOKEN } from './rakuten-payments.ts';
import { problem, SID } from './rakuten-wire.ts';

const CLIENT_ID = 'sandboxRakutenClient01';
const CLIENT_SECRET = 'sandboxRakutenSecret01';
const TOKEN_KEY = Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64');
const THROTTLED = json(403, { message: 'Requests per minute exceeded', error: 'FORBIDDEN' });

/** Rakuten: a token by the hour, a feed of thirty days in bare arrays, throttling as 403, payments in three reports. */
export function rakuten(world: World, { unlimited }: SimulatorOptions): SimulatedNetwork {
  const throttle = new Throttle(25, MINUTE_MS, unlimited);
  const desk = new TokenDesk('rakuten', world.clock, 3_600);
  return {
    id: 'rakuten',
    hosts: ['api.linksynergy.com'],
    credentials: {
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      sid: SID,
      webServicesToken: WEB_SERVICES_TOKEN,
    },
    throttles: [THROTTLED],
    listing: { path: /^\/events\/1\.0\/transactions$/, rows: '', field: 'commissions', repeatable: true },
    forgetTokens: () => desk.expireAll(),
    answer(request, mood) {
      if (request.path === '/token') return token(desk, request);
      const bearer = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
      if (desk.stateOf(bearer) !== 'good') {
        return json(401, { message: 'Access token is missing, wrong or expired', error: 'UNAUTHORIZED' });
      }
      if (throttle.take(SID, world.clock.now()) > 0) return THROTTLED;
      return request.method === 'GET' ? route(world, request, mood) : problem(405, 'Method not allowed');
    },
  };
}

/** Both spellings of the header are in use, and three of the form. */
function token(desk: TokenDesk, { method, headers, body }: WireRequest): WireAnswer {
  if (method !== 'POST') return problem(405, 'Method not allowed');
  const { authorization = '' } = headers;
  if (authorization !== `Bearer ${TOKEN_KEY}` && authorization !== `Basic ${TOKEN_KEY}`) {
    return json(401, { error: 'invalid_client', error_description: 'Client authentication failed' });
  }
  const form = new URLSearchParams(body);
  if (form.get('scope') !== SID)
    return json(400, { error: 'invalid_scope', error_description: 'scope must be your SID' });
  const { token, expiresInSeconds } = desk.issue();
  return json(200, {
    access_token: token,
    refresh_token: `${token}-again`,
    token_type: 'bearer',
    expires_in: expiresInSeconds,
  });
}

function route(world: World, request: WireRequest, mood: Mood | undefined): WireAnswer {
  switch (request.path) {
    case '/events/1.0/transactions':
      return events(world, request.query, mood?.shifted ?? false);
    case '/v1/partnerships':
      return partnerships(world, request.query);
    case '/advancedreports/1.0':
      return paymentReport(world, request.query);
    default:
      return problem(404, 'No resource at this address', 'NOT_FOUND');
  }
}

function partnerships(world: World, query: URLSearchParams): WireAnswer {
  const limit = Number(query.get('limit') ?? 200);
  const page = Number(query.get('page') ?? 1);
  if (!(limit >= 1 && limit <= 200)) return problem(400, 'limit must be between 1 and 200');
  if (!(page >= 1 && page <= 1_000)) return problem(400, 'page must be between 1 and 1000');
  const status = query.get('partner_status') ?? 'active';
  const all = status === 'active' ? world.merchants('rakuten') : [];
  const address = (to: number) => `/v1/partnerships?partner_status=${status}&page=${to}&limit=${limit}`;
  const links = { self: address(page), ...(page * limit < all.length ? { next: address(page + 1) } : {}) };
  return json(200, {
    _metadata: { api_name_version: 'partnerships-v1.0.0', page, limit, total: all.length, _links: links },
    partnerships: all.slice((page - 1) * limit, page * limit).map(({ id, name, region }) => ({
      advertiser: {
        id: Number(id),
        network: Number(region),
        name,
        status: 'active',
        categories: ['Outdoor'],
        details: `/v2/advertisers/${id}`,
      },
      status: 'active',
      status_update_datetime: '2025-11-02T10:00:00Z',
      approve_datetime: '2025-11-02T10:00:00Z',
      apply_datetime: '2025-11-01T09:00:00Z',
      offers: `/v1/offers/offer_status=active&advertiser=${id}`,
    })),
  });
}

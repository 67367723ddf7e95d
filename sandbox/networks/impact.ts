import { DAY_MS, HOUR_MS } from '../../core/time-window.ts';
import { Throttle } from '../throttle.ts';
import { json, type Mood, type SimulatedNetwork, text, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import { actions } from './impact-actions.ts';
import { clickExport, job, jobDownload } from './impact-clicks.ts';
import { campaigns, invoices } from './impact-programs.ts';
import { actionUpdates } from './impact-updates.ts';
import { ACCOUNT_SID, invalid, problem } from './impact-wire.ts';
import type { SimulatorOptions } from './index.ts';

const TOKEN = 'sandbox-impact-token-9f27a4c1';
const KEY = `Basic ${Buffer.from(`${ACCOUNT_SID}:${TOKEN}`).toString('base64')}`;
/** Calls per hour and class; click exports are counted by the day. */
const LIMITS = { performance: 500, other: 1_000, exports: 10 } as const;
const VERSIONS = ['11', '12', '13', '14', '15', '16'];

/** impact.com: Basic auth with the SID in the path, pages by link, windows of at most 45 days, three kinds of date. */
export function impact(world: World, { pageSize, unlimited }: SimulatorOptions): SimulatedNetwork {
  const throttles = {
    performance: new Throttle(LIMITS.performance, HOUR_MS, unlimited),
    other: new Throttle(LIMITS.other, HOUR_MS, unlimited),
    exports: new Throttle(LIMITS.exports, DAY_MS, unlimited),
  };
  return {
    id: 'impact',
    hosts: ['api.impact.com'],
    credentials: { accountSid: ACCOUNT_SID, authToken: TOKEN },
    throttles: [throttled(3), throttled(40)],
    listing: { path: /\/Actions$/, rows: 'Actions', field: 'Payout', repeatable: true },
    answer(request, mood) {
      const refused = refusal(request);
      if (refused) return refused;
      const [, resource = ''] = /^\/Mediapartners\/[^/]+\/(.+?)\/?$/.exec(request.path) ?? [];
      const kind = kindOf(resource);
      const waitMs = throttles[kind].take(ACCOUNT_SID, world.clock.now());
      if (waitMs > 0) return throttled(Math.ceil(waitMs / 1000));
      const answer = route(world, resource, pageSize, request, mood);
      const left = throttles[kind].left(ACCOUNT_SID, world.clock.now());
      const limits = { 'x-ratelimit-limit-hour': String(LIMITS[kind]), 'x-ratelimit-remaining-hour': String(left) };
      return { ...answer, headers: { ...answer.headers, ...limits } };
    },
  };
}

function refusal({ method, path, headers, query }: WireRequest): WireAnswer | null {
  if (headers.authorization !== KEY) return problem(401, 'Access denied: wrong account SID or token');
  const [, sid] = /^\/Mediapartners\/([^/]+)\//.exec(path) ?? [];
  if (sid === undefined) return problem(404, 'Resource not found');
  if (sid !== ACCOUNT_SID) return problem(401, 'Access denied: wrong account SID or token');
  if (method !== 'GET') return problem(405, 'Method not allowed');
  const version = query.get('IrVersion') ?? headers['ir-version'] ?? '16';
  if (!VERSIONS.includes(version)) return invalid('IrVersion', `version ${version} is not supported`);
  if (headers.accept?.includes('json')) return null;
  // Whoever does not ask for JSON is answered in XML, which no reader of ours wants.
  const message = '<Message>Send the header Accept: application/json</Message>';
  return text(200, `<ImpactRadiusResponse>${message}</ImpactRadiusResponse>`, 'application/xml');
}

function kindOf(resource: string): keyof typeof LIMITS {
  if (resource === 'ClickExport') return 'exports';
  return /^(Actions|ActionUpdates|Clicks)\b/.test(resource) ? 'performance' : 'other';
}

function route(world: World, resource: string, pageSize: number, request: WireRequest, mood: Mood | undefined) {
  const asked = { world, request, pageSize, shifted: mood?.shifted ?? false };
  const [, actionId] = /^Actions\/([\d.]+)$/.exec(resource) ?? [];
  const [, jobId, download] = /^Jobs\/([\w-]+)(\/Download)?$/.exec(resource) ?? [];
  if (jobId) return download ? jobDownload(world, jobId) : job(world, jobId);
  if (actionId) return actions.one(world, actionId);
  switch (resource) {
    case 'CompanyInformation':
      return json(200, {
        AccountId: '7340',
        CompanyName: 'Quiet Garden',
        Currency: 'USD',
        TimeZone: 'America/Los_Angeles',
      });
    case 'Actions':
      return actions.list(asked);
    case 'ActionUpdates':
      return actionUpdates(asked);
    case 'Campaigns':
      return campaigns(asked);
    case 'Invoices':
      return invoices(asked);
    case 'ClickExport':
      return clickExport(world, request);
    default:
      return problem(404, 'Resource not found');
  }
}

function throttled(seconds: number): WireAnswer {
  const headers = {
    'retry-after': String(seconds),
    'ratelimit-reset': String(seconds),
    'x-ratelimit-remaining-hour': '0',
  };
  return json(429, { Status: 'ERROR', Message: 'Rate limit exceeded' }, headers);
}

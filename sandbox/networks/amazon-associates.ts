import { MINUTE_MS } from '../../core/time-window.ts';
import { storeOf } from '../lives/amazon-associates.ts';
import { Random } from '../random.ts';
import { Throttle } from '../throttle.ts';
import { TokenDesk } from '../token-desk.ts';
import { json, type SimulatedNetwork, text, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import { ReportShelf } from './amazon-shelf.ts';
import type { SimulatorOptions } from './index.ts';

const HOST = 'creatorsapi.amazon';
const CLIENT_ID = 'sandbox-amazon-client';
const CLIENT_SECRET = 'sandbox-amazon-secret-51d7';
/** Where a credential of each version gets its token. Versions 2 speak forms, versions 3 JSON. */
const TOKEN_HOSTS: Readonly<Record<string, string>> = {
  '2.1': 'creatorsapi.auth.us-east-1.amazoncognito.com',
  '2.2': 'creatorsapi.auth.eu-south-2.amazoncognito.com',
  '2.3': 'creatorsapi.auth.us-west-2.amazoncognito.com',
  '3.1': 'api.amazon.com',
  '3.2': 'api.amazon.co.uk',
  '3.3': 'api.amazon.co.jp',
};
const REGIONS: readonly string[] = ['NA', 'EU', 'FE'];
const PRESIGNED_MS = 5 * MINUTE_MS;
const THROTTLED = json(429, { message: 'Request was throttled', serviceCode: 'creatorsapi', quotaCode: 'L-REPORTS' });

/** Amazon: report files by day, listed and fetched through the Creators API, downloaded from a pre-signed address. */
export function amazonAssociates(world: World, { unlimited }: SimulatorOptions): SimulatedNetwork {
  const { storeId, marketplace, region, currency } = storeOf(world);
  const version = `${world.seed % 2 === 0 ? 3 : 2}.${REGIONS.indexOf(region) + 1}`;
  const desk = new TokenDesk('amazon', world.clock, 3_600);
  const throttle = new Throttle(120, MINUTE_MS, unlimited);
  const shelf = new ReportShelf(world);
  return {
    id: 'amazon-associates',
    hosts: [HOST, ...Object.values(TOKEN_HOSTS)],
    credentials: {
      credentialId: CLIENT_ID,
      credentialSecret: CLIENT_SECRET,
      credentialVersion: version,
      marketplace,
      storeId,
      currency,
    },
    throttles: [THROTTLED],
    listing: { path: /^\/reports\/v1\/listReports$/, rows: 'reports', field: 'filename', repeatable: false },
    forgetTokens: () => desk.expireAll(),
    answer(request) {
      if (request.host !== HOST) return token(desk, request, version);
      if (request.path.startsWith('/presigned/')) return download(world, shelf, request);
      const refused = refusal(desk, request, version, marketplace);
      if (refused) return refused;
      if (throttle.take(CLIENT_ID, world.clock.now()) > 0) return THROTTLED;
      if (request.path === '/reports/v1/listReports') return json(200, { reports: shelf.list() });
      return request.path === '/reports/v1/getReport'
        ? getReport(world, shelf, request)
        : json(404, { message: 'Unknown operation', resourceId: request.path, resourceType: 'Operation' });
    },
  };
}

function token(desk: TokenDesk, { method, host, path, body, headers }: WireRequest, version: string): WireAnswer {
  const isForm = version.startsWith('2');
  if (method !== 'POST' || path !== (isForm ? '/oauth2/token' : '/auth/o2/token')) return text(404, 'Not Found');
  const wanted = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  if (!headers['content-type']?.startsWith(wanted)) return json(400, { error: 'invalid_request' });
  const asked = isForm ? Object.fromEntries(new URLSearchParams(body)) : fieldsOf(body);
  if (asked.grant_type !== 'client_credentials') return json(400, { error: 'unsupported_grant_type' });
  // A credential is known in the region of its version only.
  const isKnown = asked.client_id === CLIENT_ID && asked.client_secret === CLIENT_SECRET;
  if (!isKnown || host !== TOKEN_HOSTS[version]) return json(isForm ? 400 : 401, { error: 'invalid_client' });
  if (asked.scope !== (isForm ? 'creatorsapi/default' : 'creatorsapi::default'))
    return json(400, { error: 'invalid_scope' });
  const { token, expiresInSeconds } = desk.issue();
  return json(200, { access_token: token, token_type: 'bearer', expires_in: expiresInSeconds });
}

/** Versions 2 put their number into the header, versions 3 must not. */
function refusal(desk: TokenDesk, request: WireRequest, version: string, marketplace: string): WireAnswer | null {
  const { authorization } = request.headers;
  if (!authorization) return unauthorised('MissingCredential');
  const [, token = '', named] = /^Bearer ([^,\s]+)(?:, Version (\d\.\d))?$/.exec(authorization) ?? [];
  if (named !== (version.startsWith('2') ? version : undefined)) return unauthorised('InvalidToken');
  const state = desk.stateOf(token);
  if (state !== 'good') return unauthorised(state === 'expired' ? 'TokenExpired' : 'InvalidToken');
  if (request.method !== 'POST') return badRequest('UnknownOperation', 'Operations are called with POST');
  if (request.headers['x-marketplace'] === marketplace) return null;
  return badRequest('InvalidAssociate', 'The marketplace does not belong to this credential');
}

function getReport(world: World, shelf: ReportShelf, { body }: WireRequest): WireAnswer {
  const { filename } = fieldsOf(body);
  if (!filename) return badRequest('FieldValidationFailed', 'filename is required');
  if (!shelf.file(filename))
    return json(404, { message: 'Report not found', resourceId: filename, resourceType: 'Report' });
  const signedAt = world.clock.now().getTime();
  const signature = signatureOf(world, filename, signedAt);
  return json(200, {
    url: `https://${HOST}/presigned/${filename}?X-Amz-Date=${signedAt}&X-Amz-Signature=${signature}`,
  });
}

/** The storage behind the address takes its proof from the address alone, and refuses a second one. */
function download(world: World, shelf: ReportShelf, { path, query, headers }: WireRequest): WireAnswer {
  if (headers.authorization) return storageError(400, 'InvalidArgument', 'Only one auth mechanism allowed');
  const filename = decodeURIComponent(path.slice('/presigned/'.length));
  const signedAt = Number(query.get('X-Amz-Date'));
  const isSigned = query.get('X-Amz-Signature') === signatureOf(world, filename, signedAt);
  if (!isSigned) return storageError(403, 'SignatureDoesNotMatch', 'The signature does not match');
  if (world.clock.now().getTime() > signedAt + PRESIGNED_MS) {
    return storageError(403, 'AccessDenied', 'Request has expired');
  }
  const bytes = shelf.file(filename);
  if (!bytes) return storageError(404, 'NoSuchKey', 'The specified key does not exist');
  return { status: 200, headers: { 'content-type': 'application/x-gzip' }, body: bytes };
}

function signatureOf(world: World, filename: string, signedAt: number): string {
  return new Random(world.seed, filename, signedAt, 'signature').hex(64);
}

function fieldsOf(body: string): Record<string, string | undefined> {
  try {
    return (JSON.parse(body || '{}') ?? {}) as Record<string, string | undefined>;
  } catch {
    return {};
  }
}

function unauthorised(reason: string): WireAnswer {
  return json(401, { message: 'The request is not authorised', reason });
}

function badRequest(reason: string, message: string): WireAnswer {
  return json(400, { message, reason, fieldList: [] });
}

function storageError(status: number, code: string, message: string): WireAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return text(status, body, 'application/xml');
}

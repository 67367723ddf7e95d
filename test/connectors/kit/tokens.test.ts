import nock from 'nock';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryLimiter } from '../../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../../connectors/kit/tokens.ts';
import { CredentialsRefusedError } from '../../../core/errors.ts';
import { exampleClient, exampleNetwork, HOST, SECRET, START, simulatedClock, thrownBy } from './example-network.ts';

const Sales = z.object({ sales: z.array(z.unknown()) });
const EMPTY = { sales: [] };
const token = (value: string, minutes = 60) => ({ value, expiresAt: new Date(START.getTime() + minutes * 60_000) });
const connector = exampleNetwork({
  token: {
    async exchange(http, { apiKey }) {
      const Answer = z.object({ access_token: z.string(), expires_in: z.number() });
      const post = { form: { key: String(apiKey) }, idempotent: true };
      const answer = await http.post('/token', post, Answer);
      return { value: answer.access_token, expiresInSeconds: answer.expires_in };
    },
  },
});
const mockToken = (value: string) =>
  nock(HOST, { badheaders: ['authorization'] })
    .post('/token')
    .reply(200, { access_token: value, expires_in: 3600 });
const mockSales = (value: string, status: number) =>
  nock(HOST, { reqheaders: { authorization: `Bearer ${value}` } })
    .get('/v2/sales')
    .reply(status, status === 200 ? EMPTY : value);

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => nock.enableNetConnect());

it('exchanges the key once, and again only when the token is about to die', async () => {
  mockToken('token-1');
  mockSales('token-1', 200);
  mockSales('token-1', 200);
  mockToken('token-2');
  mockSales('token-2', 200);
  const { http, clock } = exampleClient({ connector });
  await http.get('/v2/sales', {}, Sales);
  await http.get('/v2/sales', {}, Sales);
  await clock.sleep(3_541_000);
  await http.get('/v2/sales', {}, Sales);
  expect(http.calls).toBe(5);
});

it('renews a refused token once and asks once more', async () => {
  const tokens = memoryTokenStore();
  await tokens.refresh(async () => token('token-1'));
  mockSales('token-1', 401);
  mockToken('token-2');
  mockSales('token-2', 200);
  expect(await exampleClient({ connector, tokens }).http.get('/v2/sales', {}, Sales)).toEqual(EMPTY);
});

it('believes the second refusal, and shows no token', async () => {
  mockToken('token-1');
  mockSales('token-1', 401);
  mockToken('token-2');
  mockSales('token-2', 401);
  const error = await thrownBy(exampleClient({ connector }).http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(CredentialsRefusedError);
  expect(error.networkWords).toBe('[redacted]');
});

it('takes a 403 at its word', async () => {
  mockToken('token-1');
  mockSales('token-1', 403);
  const error = await thrownBy(exampleClient({ connector }).http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(CredentialsRefusedError);
});

it.each([
  { status: 401, body: {} },
  { status: 400, body: { error: 'invalid_client' } },
])('a refused exchange is a refused key: $status', async ({ status, body }) => {
  nock(HOST).post('/token').reply(status, body);
  const { http } = exampleClient({ connector });
  expect(await thrownBy(http.get('/v2/sales', {}, Sales))).toBeInstanceOf(CredentialsRefusedError);
  expect(http.calls).toBe(1);
});

it('shares one exchange among clients that start together', async () => {
  mockToken('token-1');
  for (let count = 0; count < 3; count += 1) mockSales('token-1', 200);
  const tokens = memoryTokenStore();
  const limiter = memoryLimiter(simulatedClock());
  const clients = [1, 2, 3].map(() => exampleClient({ connector, tokens, limiter }).http);
  await Promise.all(clients.map((http) => http.get('/v2/sales', {}, Sales)));
});

it('keeps what another caller has renewed, and no failed exchange', async () => {
  const tokens = memoryTokenStore();
  await expect(tokens.refresh(async () => Promise.reject(new Error(SECRET)))).rejects.toThrow(SECRET);
  expect(await tokens.read()).toBeNull();
  await tokens.refresh(async () => token('token-2'));
  expect(await tokens.refresh(async () => token('token-3'), 'token-1')).toEqual(token('token-2'));
  expect(await tokens.refresh(async () => token('token-3'), 'token-2')).toEqual(token('token-3'));
});

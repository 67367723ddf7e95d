import axios, { type AxiosInstance } from 'axios';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultPlan } from '../../sandbox/faults.ts';
import { Random } from '../../sandbox/random.ts';
import { sandboxAdapter, serveSandbox } from '../../sandbox/serve.ts';
import { type Stage, stage } from './sandbox-client.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

const QUERY = { startDate: '2026-02-01T00:00:00', endDate: '2026-02-20T00:00:00', timezone: 'UTC' };
/** Every answer breaks off after this share of its bytes. */
function cutAt(share: number): FaultPlan {
  const random = new Random('cut');
  random.next = () => share;
  return { next: () => ({ fault: 'cut off', random }), driftOf: () => null, calm: () => undefined };
}

async function overSockets(on: Stage): Promise<AxiosInstance> {
  const served = await serveSandbox(on.sandbox, { port: 0 });
  close = served.close;
  return axios.create({ baseURL: `${served.origin}/api.awin.com`, proxy: false, validateStatus: () => true });
}

function inProcess(on: Stage): AxiosInstance {
  return axios.create({
    baseURL: 'https://api.awin.com',
    adapter: sandboxAdapter(on.sandbox),
    validateStatus: () => true,
  });
}

function ask(client: AxiosInstance, on: Stage) {
  const authorization = `Bearer ${on.sandbox.credentialsFor('awin').accessToken}`;
  return client.get('/publishers/440022/transactions/', { params: QUERY, headers: { authorization } });
}

describe('the two ways in', () => {
  it('give one answer', async () => {
    const on = stage();
    const [socket, direct] = [await ask(await overSockets(on), on), await ask(inProcess(on), on)];
    expect(socket.data.length).toBeGreaterThan(20);
    expect(socket.data).toEqual(direct.data);
    expect(socket.headers['content-type']).toBe(direct.headers['content-type']);
  });

  it.each([
    { way: 'sockets', at: 'in the body', share: 0.5, error: { code: 'ERR_BAD_RESPONSE', status: 200 } },
    { way: 'in process', at: 'in the body', share: 0.5, error: { code: 'ERR_BAD_RESPONSE', status: 200 } },
    { way: 'sockets', at: 'before the head', share: 0, error: { code: 'ECONNRESET', status: undefined } },
    { way: 'in process', at: 'before the head', share: 0, error: { code: 'ECONNRESET', status: undefined } },
  ])('break off $at: $way', async ({ way, share, error }) => {
    const on = stage({ faults: cutAt(share) });
    const client = way === 'sockets' ? await overSockets(on) : inProcess(on);
    const reason: unknown = await ask(client, on).catch((thrown: unknown) => thrown);
    expect(axios.isAxiosError(reason) && { code: reason.code, status: reason.response?.status }).toEqual(error);
  });

  it('stay in step with axios about which status is an error', async () => {
    const on = stage();
    const client = axios.create({ adapter: sandboxAdapter(on.sandbox) });
    const refused: unknown = await client.get('https://api.awin.com/accounts').catch((reason: unknown) => reason);
    expect(axios.isAxiosError(refused) && { code: refused.code, status: refused.response?.status }).toEqual({
      code: 'ERR_BAD_REQUEST',
      status: 401,
    });
    await expect(client.get('https://api.awin.com/accounts', { signal: AbortSignal.abort() })).rejects.toThrow(
      'canceled',
    );
  });

  it('take a body and an address under any origin', async () => {
    const on = stage();
    const client = await overSockets(on);
    const { personalAccessToken } = on.sandbox.credentialsFor('cj');
    const address = String(client.defaults.baseURL).replace('api.awin.com', 'commissions.api.cj.com/query');
    const body = { query: '{ publisherCommissions(forPublishers: ["7340022"]) { limit } }' };
    const { data } = await axios.post(address, body, {
      proxy: false,
      headers: { authorization: `Bearer ${personalAccessToken}` },
    });
    expect(data.data.publisherCommissions.limit).toBe(50);
  });

  it('tell a visitor which networks there are and how to be let in', async () => {
    const client = await overSockets(stage());
    const origin = String(client.defaults.baseURL).replace('/api.awin.com', '');
    const front = await client.get(`${origin}/`);
    expect(front.data.networks.map(({ id }: { id: string }) => id)).toEqual([
      'awin',
      'cj',
      'impact',
      'rakuten',
      'amazon-associates',
    ]);
    const unknown = await client.get(`${origin}/api.example.com/x`);
    expect(unknown.status).toBe(404);
    expect(unknown.data.message).toContain('api.example.com');
  });
});

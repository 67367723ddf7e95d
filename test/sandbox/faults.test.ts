import { describe, expect, it } from 'vitest';
import { drifted, repeated } from '../../sandbox/damage.ts';
import { type Drift, FAULT_LEVELS, type Fault, type FaultPlan, faultPlan } from '../../sandbox/faults.ts';
import { Random } from '../../sandbox/random.ts';
import { json, type Listing, text } from '../../sandbox/wire.ts';
import { START, stage } from './sandbox-client.ts';

const BARE: Listing = { path: /./, rows: '', field: 'amount', repeatable: true };
const NESTED: Listing = { path: /./, rows: 'data.list', field: 'amount', repeatable: true };
const ROWS = [
  { id: 1, amount: 5 },
  { id: 2, amount: 7 },
];

function faultsOf(level: (typeof FAULT_LEVELS)[number], seed = 1) {
  const plan = faultPlan({ seed, level });
  return Array.from({ length: 1000 }, () => plan.next('awin')?.fault);
}

function always(fault: Fault): FaultPlan {
  return { next: () => ({ fault, random: new Random(fault) }), driftOf: () => null, calm: () => undefined };
}

describe('the fault plan', () => {
  it('is the same for the same seed, and none at all at level none', () => {
    expect(faultsOf('heavy')).toEqual(faultsOf('heavy'));
    expect(faultsOf('heavy')).not.toEqual(faultsOf('heavy', 2));
    expect(new Set(faultsOf('none'))).toEqual(new Set([undefined]));
  });

  it('gets worse from level to level, and knows every fault', () => {
    const counts = FAULT_LEVELS.map((level) => faultsOf(level).filter(Boolean).length);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(new Set(faultsOf('heavy').filter(Boolean)).size).toBe(6);
  });

  it('drifts for some hours and then no more; calm ends everything', () => {
    const plan = faultPlan({ seed: 3, level: 'heavy' });
    const hours = Array.from({ length: 24 * 200 }, (_, hour) => new Date(START.getTime() + hour * 3_600_000));
    const drifting = hours.filter((at) => plan.driftOf('cj', at) !== null);
    expect(drifting.length).toBeGreaterThan(10);
    expect(drifting.length).toBeLessThan(hours.length / 5);
    plan.calm();
    expect(hours.some((at) => plan.driftOf('cj', at) !== null)).toBe(false);
    expect(Array.from({ length: 200 }, () => plan.next('cj')).every((fault) => fault === null)).toBe(true);
  });
});

describe('damage', () => {
  it.each([
    { drift: 'rows elsewhere', listing: BARE, body: ROWS, becomes: { results: ROWS } },
    { drift: 'rows elsewhere', listing: NESTED, body: { data: { list: ROWS } }, becomes: { data: { listList: ROWS } } },
    { drift: 'field renamed', listing: BARE, body: [ROWS[0]], becomes: [{ id: 1, amountValue: 5 }] },
    {
      drift: 'field emptied',
      listing: NESTED,
      body: { data: { list: [ROWS[0]] } },
      becomes: { data: { list: [{ id: 1, amount: null }] } },
    },
    { drift: 'field emptied', listing: NESTED, body: { errors: [] }, becomes: { errors: [] } },
  ] as const)('$drift', ({ drift, listing, body, becomes }) => {
    const { body: told } = drifted(json(200, body), listing, drift as Drift);
    expect(JSON.parse(String(told))).toEqual(becomes);
  });

  it('leaves failures and files alone', () => {
    expect(drifted(json(429, ROWS), BARE, 'rows elsewhere')).toEqual(json(429, ROWS));
    const file = { ...text(200, ''), body: Buffer.from('x') };
    expect(drifted(file, BARE, 'rows elsewhere')).toEqual(file);
  });

  it('gives one row twice and loses none', () => {
    const { body } = repeated(json(200, ROWS), BARE, new Random('again'));
    const rows = JSON.parse(String(body)) as typeof ROWS;
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set([1, 2]));
    expect(repeated(json(200, ROWS), { ...BARE, repeatable: false }, new Random('again'))).toEqual(json(200, ROWS));
  });
});

describe('a sandbox out of luck', () => {
  const address = 'https://api.awin.com/accounts';

  it.each([
    { fault: 'throttled', status: [429], type: 'json' },
    { fault: 'down', status: [500, 502, 503], type: 'html' },
    { fault: 'page instead of data', status: [200], type: 'html' },
  ] as const)('is $fault', async ({ fault, status, type }) => {
    const answer = await stage({ faults: always(fault) }).client.get(address);
    expect(status).toContain(answer.status);
    expect(answer.headers['content-type']).toContain(type);
  });

  it('lets tokens run out where there are any', async () => {
    const on = stage({ faults: always('token lost') });
    const { clientId, clientSecret, sid = '' } = on.sandbox.credentialsFor('rakuten');
    const key = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const form = new URLSearchParams({ scope: sid }).toString();
    const { data } = await on.client.post('https://api.linksynergy.com/token', form, {
      headers: { authorization: `Bearer ${key}` },
    });
    const headers = { authorization: `Bearer ${data.access_token}` };
    expect((await on.client.get('https://api.linksynergy.com/v1/partnerships', { headers })).status).toBe(401);
  });

  it('repeats the last row of a page on the next one, and loses none', async () => {
    const [calm, shifty] = [stage({ pageSize: 10 }), stage({ pageSize: 10, faults: always('repeated rows') })];
    const { accountSid, authToken } = calm.sandbox.credentialsFor('impact');
    const key = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
    const headers = { authorization: `Basic ${key}`, accept: 'application/json' };
    const ids = async (on: typeof calm) => {
      const found: string[] = [];
      const range = 'ActionDateStart=2026-01-10T00:00:00Z&ActionDateEnd=2026-02-20T00:00:00Z';
      let next = `/Mediapartners/${accountSid}/Actions?${range}`;
      while (next) {
        const { data } = await on.client.get(`https://api.impact.com${next}`, { headers });
        found.push(...data.Actions.map((row: { Id: string }) => row.Id));
        next = data['@nextpageuri'];
      }
      return found;
    };
    const [whole, twice] = [await ids(calm), await ids(shifty)];
    expect(twice.length).toBeGreaterThan(whole.length + 5);
    expect([...new Set(twice)].sort()).toEqual([...whole].sort());
  });
});

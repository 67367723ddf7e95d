import { describe, expect, it } from 'vitest';
import { decimal } from '../../../core/money.ts';
import { addDays } from '../../../core/time-window.ts';
import { bookAt } from '../../../sandbox/book.ts';
import { pieces, START, type Stage, stage } from '../sandbox-client.ts';

const URL = 'https://commissions.api.cj.com/query';
const FIELDS =
  'commissionId original originalActionId actionStatus validationStatus eventDate postingDate lockingDate saleAmountUsd pubCommissionAmountUsd shopperId advertiserId correctionReason';

interface Commission {
  readonly commissionId: string;
  readonly original: boolean;
  readonly actionStatus: string;
  readonly validationStatus: string;
  readonly eventDate: string;
  readonly postingDate: string;
  readonly lockingDate: string;
  readonly saleAmountUsd: string | null;
  readonly pubCommissionAmountUsd: string;
  readonly shopperId: string | null;
}
interface Page {
  readonly count: number;
  readonly limit: number;
  readonly maxCommissionId: string | null;
  readonly payloadComplete: boolean;
  readonly records: readonly Commission[];
}

function post({ client, sandbox }: Stage, body: unknown, type = 'application/json') {
  const authorization = `Bearer ${sandbox.credentialsFor('cj').personalAccessToken}`;
  return client.post(URL, body, { headers: { authorization, 'content-type': type } });
}

async function pageOf(on: Stage, args: string): Promise<Page> {
  const query = `{ publisherCommissions(forPublishers: ["7340022"], ${args}) { count limit maxCommissionId payloadComplete records { ${FIELDS} } } }`;
  const { data } = await post(on, { query });
  expect(data.errors).toBeUndefined();
  return data.data.publisherCommissions;
}

async function all(on: Stage, kind: string, start: Date, end: Date): Promise<Commission[]> {
  const rows: Commission[] = [];
  for (const [from, until] of pieces(start, end, 31)) {
    const window = `since${kind}: "${from.toISOString()}", before${kind}: "${until.toISOString()}"`;
    for (let cursor = ''; ; ) {
      const page: Page = await pageOf(on, `${window}${cursor}`);
      rows.push(...page.records);
      if (page.payloadComplete) break;
      cursor = `, sinceCommissionId: "${page.maxCommissionId}"`;
    }
    await on.clock.sleep(30_000);
  }
  return rows;
}

function statusOf(row: Commission): string {
  if (!row.original && row.pubCommissionAmountUsd.startsWith('-')) return 'reversed';
  if (row.validationStatus === 'DECLINED') return 'reversed';
  return (
    { closed: 'paid', locked: 'approved', extended: 'pending', new: 'pending' }[row.actionStatus] ?? row.actionStatus
  );
}

describe('cj', () => {
  it('tells by posting date, page by page, just what the book holds', async () => {
    const on = stage({ day: 100, pageSize: 20 });
    const rows = await all(on, 'PostingDate', START, on.clock.now());
    const book = bookAt(on.world, 'cj', on.clock.now());
    expect(book.length).toBeGreaterThan(200);
    const byId = (a: { id: string }, b: { id: string }) => Number(a.id) - Number(b.id);
    expect(
      rows
        .map((row) => ({
          id: row.commissionId,
          status: statusOf(row),
          sale: decimal(row.saleAmountUsd ?? '0'),
          commission: decimal(row.pubCommissionAmountUsd),
          subId: row.shopperId || null,
        }))
        .sort(byId),
    ).toEqual(
      book
        .map((row) => ({
          id: row.networkTransactionId,
          status: row.status,
          sale: row.saleAmount,
          commission: row.commissionAmount,
          subId: row.subId,
        }))
        .sort(byId),
    );
  });

  it('gives small pages that a cursor turns, without a gap', async () => {
    const on = stage({ day: 40, pageSize: 10 });
    const window = `sincePostingDate: "2026-01-15T00:00:00Z", beforePostingDate: "2026-02-05T00:00:00Z"`;
    const first = await pageOf(on, window);
    expect(first).toMatchObject({ count: 10, limit: 10, payloadComplete: false });
    expect(first.maxCommissionId).toBe(first.records.at(-1)?.commissionId);
    const second = await pageOf(on, `${window}, sinceCommissionId: "${first.maxCommissionId}"`);
    expect(Number(second.records[0]?.commissionId)).toBeGreaterThan(Number(first.maxCommissionId));
  });

  it('does not move a posting date when a status moves; the locking date finds it', async () => {
    const [before, after] = [stage({ day: 28 }), stage({ day: 45 })];
    const early = await all(before, 'PostingDate', START, addDays(START, 10));
    const late = await all(after, 'PostingDate', START, addDays(START, 10));
    const ids = (rows: readonly Commission[]) => rows.map((row) => `${row.commissionId} ${row.postingDate}`);
    expect(ids(late)).toEqual(ids(early));
    const fixed = early.filter(({ validationStatus }) => validationStatus === 'AUTOMATED');
    expect(new Set(fixed.map(({ actionStatus }) => actionStatus))).toEqual(new Set(['new']));
    const closed = late.filter(({ actionStatus }) => actionStatus === 'closed');
    expect(closed.length).toBeGreaterThan(3);
    const locked = await all(after, 'LockingDate', addDays(START, 15), after.clock.now());
    expect(locked.map(({ commissionId }) => commissionId)).toEqual(
      expect.arrayContaining(closed.map(({ commissionId }) => commissionId)),
    );
  });

  it('understands variables, ids, aliases and the bare query', async () => {
    const on = stage({ day: 40 });
    const [row] = await all(on, 'EventDate', START, on.clock.now());
    const query =
      'query Some($cid: [String!]!, $ids: [String!]) { rows: publisherCommissions(forPublishers: $cid, commissionIds: $ids) { count records { commissionId } } }';
    const variables = { cid: ['7340022'], ids: [row?.commissionId] };
    const named = await post(on, { query, variables });
    expect(named.data.data.rows).toEqual({ count: 1, records: [{ commissionId: row?.commissionId }] });
    const bare = await post(on, '{ publisherCommissions(forPublishers: ["7340022"]) { count } }', 'text/plain');
    expect(Object.keys(bare.data.data.publisherCommissions)).toEqual(['count']);
  });

  it.each([
    {
      name: 'an unknown field',
      query: '{ publisherCommissions(forPublishers: ["7340022"]) { currency } }',
      says: 'currency',
    },
    { name: 'an unknown root', query: '{ me { id } }', says: 'me' },
    {
      name: 'an unknown argument',
      query: '{ publisherCommissions(forPublishers: ["7340022"], day: "x") { count } }',
      says: 'day',
    },
    { name: 'another company', query: '{ publisherCommissions(forPublishers: ["1"]) { count } }', says: 'authorized' },
    {
      name: 'more than 31 days',
      query:
        '{ publisherCommissions(forPublishers: ["7340022"], sincePostingDate: "2026-01-01T00:00:00Z", beforePostingDate: "2026-02-02T00:00:00Z") { count } }',
      says: '31 days',
    },
    { name: 'text that is no query', query: '{ publisherCommissions(', says: 'Syntax' },
  ])('answers $name with status 200 and errors', async ({ query, says }) => {
    const { status, data } = await post(stage(), { query });
    expect({ status, data: data.data }).toEqual({ status: 200, data: null });
    expect(data.errors[0].message).toContain(says);
  });

  it('lets in nobody without the token, and repeats a wrong one', async () => {
    const { client } = stage();
    expect((await client.post(URL, {})).status).toBe(401);
    const wrong = await client.post(URL, {}, { headers: { authorization: 'Bearer wrong-key' } });
    expect(wrong.status).toBe(401);
    expect(wrong.data).toContain('wrong-key');
  });

  it('looks up joined advertisers in XML, and none without a filter', async () => {
    const { client, sandbox } = stage();
    const headers = { authorization: `Bearer ${sandbox.credentialsFor('cj').personalAccessToken}` };
    const lookUp = (params: Record<string, string>) =>
      client.get('https://advertiser-lookup.api.cj.com/v2/advertiser-lookup', { params, headers });
    const joined = await lookUp({ 'requestor-cid': '7340022', 'advertiser-ids': 'joined' });
    expect(joined.data).toContain('<advertiser-name>Brumé Outdoor</advertiser-name>');
    expect((await lookUp({ 'requestor-cid': '7340022' })).data).toContain('total-matched="0"');
    expect((await lookUp({})).status).toBe(400);
  });

  it('takes twenty-five calls a minute', async () => {
    const on = stage();
    const call = () => post(on, { query: '{ publisherCommissions(forPublishers: ["7340022"]) { count } }' });
    for (let count = 0; count < 25; count += 1) await call();
    expect((await call()).status).toBe(429);
  });
});

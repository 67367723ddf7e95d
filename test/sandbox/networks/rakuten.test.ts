import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { decimal, sum } from '../../../core/money.ts';
import { addDays } from '../../../core/time-window.ts';
import { bookAt } from '../../../sandbox/book.ts';
import { START, type Stage, stage } from '../sandbox-client.ts';

const BASE = 'https://api.linksynergy.com';

interface Event {
  readonly etransaction_id: string;
  readonly sale_amount: number;
  readonly commissions: number;
  readonly currency: string;
  readonly process_date: string;
  readonly transaction_date: string;
  readonly u1?: string;
  readonly is_event: string | boolean;
}

function tokenFor({ client, sandbox }: Stage, scheme = 'Bearer', scope = '3990001') {
  const { clientId, clientSecret } = sandbox.credentialsFor('rakuten');
  const key = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const headers = { authorization: `${scheme} ${key}`, 'content-type': 'application/x-www-form-urlencoded' };
  return client.post(`${BASE}/token`, new URLSearchParams({ scope }).toString(), { headers });
}

async function reader(on: Stage) {
  const { data } = await tokenFor(on);
  const headers = { authorization: `Bearer ${data.access_token}` };
  return (path: string, params: Record<string, string | number> = {}) =>
    on.client.get(`${BASE}${path}`, { params, headers });
}

function text(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

/** All of the feed that was processed in these days. */
async function events(on: Stage, start: Date, end: Date, limit = 1000): Promise<Event[]> {
  const get = await reader(on);
  const rows: Event[] = [];
  for (let page = 1; ; page += 1) {
    const range = { process_date_start: text(start), process_date_end: text(end) };
    const { data } = await get('/events/1.0/transactions', { ...range, limit, page });
    rows.push(...data);
    if (data.length < limit) return rows;
  }
}

describe('rakuten', () => {
  it('tells within its thirty days, page by page, just what the book holds', async () => {
    const on = stage({ day: 29, salesPerDay: 8 });
    const told = (await events(on, START, on.clock.now(), 20)).filter(
      (row) => row.is_event !== 'Y' && row.is_event !== true,
    );
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    const book = bookAt(on.world, 'rakuten', on.clock.now());
    expect(book.length).toBeGreaterThan(150);
    expect(
      told
        .map((row) => ({
          id: row.etransaction_id,
          status: row.commissions < 0 || row.sale_amount < 0 ? 'reversed' : 'pending',
          sale: decimal(row.sale_amount),
          commission: decimal(row.commissions),
          currency: row.currency,
          subId: row.u1 || null,
          at: new Date(row.transaction_date.replace(/ \(.*/, '')).toISOString(),
        }))
        .sort(byId),
    ).toEqual(
      book
        .map((row) => ({
          id: row.networkTransactionId,
          status: row.status,
          sale: row.saleAmount,
          commission: row.commissionAmount,
          currency: row.currency,
          subId: row.subId,
          at: row.occurredAt.toISOString(),
        }))
        .sort(byId),
    );
  });

  it('shows nothing that was processed more than thirty days ago', async () => {
    const on = stage({ day: 60 });
    const rows = await events(on, START, on.clock.now());
    const oldest = Math.min(...rows.map((row) => Date.parse(row.process_date.replace(/ \(.*/, ''))));
    expect(oldest).toBeGreaterThanOrEqual(addDays(on.clock.now(), -30).getTime());
    expect(oldest).toBeLessThan(addDays(on.clock.now(), -27).getTime());
    expect(rows.some((row) => Date.parse(row.transaction_date.replace(/ \(.*/, '')) < oldest)).toBe(true);
  });

  it('completes some sub-ids within twelve hours', async () => {
    const on = stage({ day: 20, salesPerDay: 200 });
    const blank = (await events(on, addDays(START, 19), on.clock.now())).filter((row) => !row.u1);
    await on.clock.sleep(12 * 3_600_000);
    const later = new Map(
      (await events(on, addDays(START, 19), on.clock.now())).map((row) => [row.etransaction_id, row.u1]),
    );
    expect(blank.filter((row) => later.get(row.etransaction_id)).length).toBeGreaterThan(0);
  });

  it('has notices among its rows that are no commissions', async () => {
    const on = stage({ day: 25, salesPerDay: 20 });
    const rows = await events(on, START, on.clock.now());
    const notices = rows.filter((row) => row.is_event === 'Y' || row.is_event === true);
    const book = new Set(bookAt(on.world, 'rakuten', on.clock.now()).map((row) => row.networkTransactionId));
    expect(notices.length).toBeGreaterThan(3);
    expect(notices.filter((row) => book.has(row.etransaction_id))).toEqual([]);
  });

  it('takes the key under both names and gives a token for an hour', async () => {
    const on = stage();
    expect((await tokenFor(on, 'Basic')).data.expires_in).toBe(3600);
    expect((await tokenFor(on, 'Digest')).status).toBe(401);
    expect((await tokenFor(on, 'Bearer', '1')).status).toBe(400);
    const get = await reader(on);
    expect((await get('/events/1.0/transactions')).status).toBe(200);
    await on.clock.sleep(3_600_000);
    expect((await get('/events/1.0/transactions')).status).toBe(401);
  });

  it('throttles with 403', async () => {
    const on = stage();
    const get = await reader(on);
    for (let count = 0; count < 25; count += 1) expect((await get('/v1/partnerships')).status).toBe(200);
    expect((await get('/v1/partnerships')).status).toBe(403);
    await on.clock.sleep(60_000);
    expect((await get('/v1/partnerships')).status).toBe(200);
  });

  it.each([
    {
      name: 'a date in another form',
      path: '/events/1.0/transactions',
      params: { process_date_start: '2026-02-01T00:00:00Z' },
    },
    { name: 'a limit of nothing', path: '/events/1.0/transactions', params: { limit: 0 } },
    { name: 'an unknown currency', path: '/events/1.0/transactions', params: { currency: 'SEK' } },
    { name: 'too long a list of partners', path: '/v1/partnerships', params: { limit: 201 } },
  ])('refuses $name', async ({ path, params }) => {
    const get = await reader(stage());
    expect((await get(path, params as Record<string, string | number>)).status).toBe(400);
  });

  it('pages through partners by link', async () => {
    const get = await reader(stage());
    const first = await get('/v1/partnerships', { limit: 2 });
    expect(first.data.partnerships).toHaveLength(2);
    const second = await get(first.data._metadata._links.next);
    expect(second.data.partnerships[0].advertiser.name).toBe('Redwood Pantry');
  });

  it('leads from payments over invoices to the transactions that the book says are paid', async () => {
    const on = stage({ day: 110 });
    const get = await reader(on);
    const { webServicesToken: token = '' } = on.sandbox.credentialsFor('rakuten');
    const report = async (params: Record<string, string>) => {
      await on.clock.sleep(3_000);
      const { status, data } = await get('/advancedreports/1.0', { token, ...params });
      expect(status).toBe(200);
      return parse(data, { columns: true }) as Record<string, string>[];
    };
    const book = bookAt(on.world, 'rakuten', on.clock.now());
    const settled: string[] = [];
    const payments = await report({ reportid: '1', bdate: '20260110', edate: '20260501' });
    expect(payments.length).toBeGreaterThan(1);
    for (const payment of payments) {
      const details: Record<string, string>[] = [];
      for (const invoice of await report({ reportid: '22', payid: payment['Payment ID'] ?? '' })) {
        details.push(...(await report({ reportid: '23', invoiceid: invoice['Invoice ID'] ?? '' })));
      }
      settled.push(...details.map((row) => row['Transaction ID'] ?? ''));
      const amounts = details.map((row) => decimal((row.Commission ?? '').replaceAll(',', '')));
      expect(sum(amounts)).toBe(decimal((payment.Amount ?? '').replaceAll(',', '')));
    }
    const paid = book.filter(({ status }) => status === 'paid').map((row) => row.networkTransactionId);
    expect(paid.length).toBeGreaterThan(20);
    expect(settled).toEqual(expect.arrayContaining(paid));
    const other = book.filter((row) => settled.includes(row.networkTransactionId) && row.status !== 'paid');
    expect(
      other.every(({ status, commissionAmount }) => status === 'reversed' && commissionAmount.startsWith('-')),
    ).toBe(true);
  });
});

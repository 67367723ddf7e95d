import { describe, expect, it } from 'vitest';
import { decimal } from '../../../core/money.ts';
import { addDays } from '../../../core/time-window.ts';
import { bookAt } from '../../../sandbox/book.ts';
import { pieces, START, type Stage, stage } from '../sandbox-client.ts';

const BASE = 'https://api.awin.com/publishers/440022';

interface Transaction {
  readonly id: number;
  readonly commissionStatus: string;
  readonly paidToPublisher: boolean;
  readonly paymentId: number;
  readonly saleAmount: { readonly amount: number; readonly currency: string };
  readonly commissionAmount: { readonly amount: number };
  readonly transactionDate: string;
  readonly validationDate: string | null;
  readonly amended: boolean;
  readonly oldCommissionAmount: { readonly amount: number } | null;
}

function ask({ client, sandbox }: Stage, path: string, params: Record<string, string>) {
  const authorization = `Bearer ${sandbox.credentialsFor('awin').accessToken}`;
  return client.get(`${BASE}${path}`, { params, headers: { authorization } });
}

function windowOf(start: Date, end: Date, more: Record<string, string> = {}): Record<string, string> {
  return {
    startDate: start.toISOString().slice(0, 19),
    endDate: end.toISOString().slice(0, 19),
    timezone: 'UTC',
    ...more,
  };
}

async function transactions(on: Stage, start: Date, end: Date, dateType: string): Promise<Transaction[]> {
  const answers = await Promise.all(
    pieces(start, end, 31).map(([from, until]) => ask(on, '/transactions/', windowOf(from, until, { dateType }))),
  );
  return answers.flatMap(({ data }) => data as Transaction[]);
}

const STATUS = { pending: 'pending', approved: 'approved', declined: 'reversed', deleted: 'reversed' } as Record<
  string,
  string
>;

describe('awin', () => {
  it('tells by windows just what the book holds', async () => {
    const on = stage({ day: 100 });
    const told = await transactions(on, START, on.clock.now(), 'transaction');
    const book = bookAt(on.world, 'awin', on.clock.now());
    expect(book.length).toBeGreaterThan(100);
    const asBooked = told.map((row) => ({
      id: String(row.id),
      status: row.paidToPublisher ? 'paid' : STATUS[row.commissionStatus],
      sale: decimal(row.saleAmount.amount),
      commission: decimal(row.commissionAmount.amount),
      currency: row.saleAmount.currency,
      at: new Date(`${row.transactionDate}Z`),
    }));
    expect(asBooked).toEqual(
      book.map((row) => ({
        id: row.networkTransactionId,
        status: row.status,
        sale: row.saleAmount,
        commission: row.commissionAmount,
        currency: row.currency,
        at: row.occurredAt,
      })),
    );
  });

  it('finds decisions by their own date, whatever the age of the sale, and payments by none', async () => {
    const on = stage({ day: 100 });
    const recent = await transactions(on, addDays(START, 80), on.clock.now(), 'validation');
    expect(recent.length).toBeGreaterThan(3);
    expect(recent.every(({ validationDate }) => (validationDate ?? '') >= '2026-03-31')).toBe(true);
    expect(recent.some(({ transactionDate }) => transactionDate < '2026-03-10')).toBe(true);

    const all = await transactions(on, START, on.clock.now(), 'transaction');
    const paid = all.filter(({ paidToPublisher }) => paidToPublisher);
    expect(paid.length).toBeGreaterThan(5);
    expect(paid.every(({ paymentId }) => paymentId > 0)).toBe(true);
    expect(all.filter((row) => !row.paidToPublisher).every(({ paymentId }) => paymentId === 0)).toBe(true);
    const byId = await ask(on, '/transactions', {
      ids: paid
        .slice(0, 100)
        .map(({ id }) => id)
        .join(','),
      timezone: 'UTC',
    });
    expect(byId.data).toEqual(paid.slice(0, 100));
  });

  it('amends in place and keeps the former figures beside the new ones', async () => {
    const on = stage({ day: 100 });
    const amended = await transactions(on, START, on.clock.now(), 'amendment');
    expect(amended.length).toBeGreaterThan(3);
    for (const row of amended) {
      expect(row.amended).toBe(true);
      expect(row.oldCommissionAmount?.amount).toBeGreaterThan(row.commissionAmount.amount);
    }
  });

  it('writes times in the zone that was asked for', async () => {
    const on = stage({ day: 100 });
    const [utc, berlin] = await Promise.all([
      ask(on, '/transactions/', windowOf(addDays(START, 70), addDays(START, 90))),
      ask(on, '/transactions/', {
        startDate: '2026-03-21T01:00:00',
        endDate: '2026-04-10T02:00:00',
        timezone: 'Europe/Berlin',
      }),
    ]);
    const [first] = utc.data as Transaction[];
    const same = (berlin.data as Transaction[]).find(({ id }) => id === first?.id);
    const hours = (Date.parse(`${same?.transactionDate}Z`) - Date.parse(`${first?.transactionDate}Z`)) / 3_600_000;
    expect(hours).toBe((first?.transactionDate ?? '') < '2026-03-29T01:00:00' ? 1 : 2);
    expect((berlin.data as Transaction[]).map(({ id }) => id)).toEqual((utc.data as Transaction[]).map(({ id }) => id));
  });

  it.each([
    { name: 'no zone', params: { startDate: '2026-02-01T00:00:00', endDate: '2026-02-02T00:00:00' }, says: 'timezone' },
    {
      name: 'an unknown zone',
      params: windowOf(START, addDays(START, 1), { timezone: 'Asia/Tokyo' }),
      says: 'timezone',
    },
    { name: 'more than 31 days', params: windowOf(START, addDays(START, 32)), says: '31 days' },
    {
      name: 'an offset',
      params: windowOf(START, addDays(START, 1), { startDate: '2026-02-01T00:00:00Z' }),
      says: 'format',
    },
    {
      name: 'a date without a time',
      params: windowOf(START, addDays(START, 1), { endDate: '2026-02-01' }),
      says: 'format',
    },
    {
      name: 'an unknown date type',
      params: windowOf(START, addDays(START, 1), { dateType: 'paid' }),
      says: 'dateType',
    },
    {
      name: 'too many ids',
      params: { ids: Array.from({ length: 101 }, (_, id) => id).join(), timezone: 'UTC' },
      says: 'ids',
    },
  ])('refuses $name', async ({ params, says }) => {
    const { status, data } = await ask(stage(), '/transactions/', params as Record<string, string>);
    expect({ status, error: data.error }).toEqual({ status: 400, error: 'bad_request' });
    expect(data.description).toContain(says);
  });

  it('lets in nobody without the token, and nobody to another account', async () => {
    const on = stage();
    const refused = await on.client.get(`${BASE}/transactions/`, { headers: { authorization: 'Bearer wrong' } });
    expect(refused.status).toBe(401);
    expect(refused.data.error).toBe('unauthorized');
    const authorization = `Bearer ${on.sandbox.credentialsFor('awin').accessToken}`;
    const other = await on.client.get('https://api.awin.com/publishers/1/transactions/', {
      headers: { authorization },
    });
    expect(other.status).toBe(403);
    const accounts = await on.client.get('https://api.awin.com/accounts?type=publisher', {
      headers: { authorization },
    });
    expect(accounts.data.accounts[0].accountId).toBe(440022);
  });

  it('takes twenty calls a minute and says nothing of how long to wait', async () => {
    const on = stage();
    const call = () => ask(on, '/programmes', { relationship: 'joined' });
    for (let count = 0; count < 20; count += 1) expect((await call()).status).toBe(200);
    const throttled = await call();
    expect(throttled.status).toBe(429);
    expect(throttled.headers['retry-after']).toBeUndefined();
    await on.clock.sleep(60_000);
    expect((await call()).status).toBe(200);
  });

  it('reports clicks by day that add up to those by advertiser', async () => {
    const on = stage();
    const days = { startDate: '2026-02-01', endDate: '2026-02-05', timezone: 'UTC' };
    const campaign = await ask(on, '/reports/campaign', { ...days, interval: 'day' });
    const regions = await Promise.all(
      ['GB', 'DE'].map((region) => ask(on, '/reports/advertiser', { ...days, region })),
    );
    const clicks = (campaign.data as { quantity: { click: number } }[]).map(({ quantity }) => quantity.click);
    const advertisers = regions.flatMap(({ data }) => data as { clicks: number; totalNo: number }[]);
    expect(clicks).toHaveLength(5);
    expect(clicks.reduce((a, b) => a + b)).toBe(advertisers.reduce((total, row) => total + row.clicks, 0));
    expect(advertisers.every(({ totalNo }) => Number.isInteger(totalNo))).toBe(true);
  });
});

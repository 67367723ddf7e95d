import { describe, expect, it } from 'vitest';
import { decimal } from '../../../core/money.ts';
import { addDays } from '../../../core/time-window.ts';
import { bookAt } from '../../../sandbox/book.ts';
import { pieces, START, type Stage, stage } from '../sandbox-client.ts';

const BASE = 'https://api.impact.com';
const SID = 'IRsandbox7340';

type Row = Readonly<Record<string, string>>;

function ask({ client, sandbox }: Stage, path: string, params: Record<string, string | number> = {}) {
  const { accountSid = '', authToken = '' } = sandbox.credentialsFor('impact');
  const auth = { username: accountSid, password: authToken };
  const address = path.startsWith('/') ? `${BASE}${path}` : `${BASE}/Mediapartners/${SID}/${path}`;
  const key = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
  return client.get(address, { params, headers: { authorization: `Basic ${key}`, accept: 'application/json' } });
}

async function all(on: Stage, list: string, kind: [string, string], start: Date, end: Date): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [from, until] of pieces(start, end, 45)) {
    let { data } = await ask(on, list, { [kind[0]]: from.toISOString(), [kind[1]]: until.toISOString() });
    for (;;) {
      if (Array.isArray(data[list])) rows.push(...data[list]);
      if (!data['@nextpageuri']) break;
      ({ data } = await ask(on, data['@nextpageuri']));
    }
  }
  return rows;
}
const UPDATED: [string, string] = ['StartDate', 'EndDate'];
const HAPPENED: [string, string] = ['ActionDateStart', 'ActionDateEnd'];
const LOCKS: [string, string] = ['LockingDateStart', 'LockingDateEnd'];

describe('impact', () => {
  it('tells by action date, with the paystubs of the updates, just what the book holds', async () => {
    const on = stage({ day: 115, pageSize: 20 });
    const now = on.clock.now();
    const rows = await all(on, 'Actions', HAPPENED, START, now);
    const updates = await all(on, 'ActionUpdates', UPDATED, START, now);
    const paid = new Set(updates.filter((row) => row.PaystubId).map((row) => row.ActionId));
    expect(paid.size).toBeGreaterThan(10);
    const status = { PENDING: 'pending', APPROVED: 'approved', REVERSED: 'reversed' } as Record<string, string>;
    const told = rows.map((row) => ({
      id: row.Id,
      status: paid.has(row.Id ?? '') ? 'paid' : status[row.State ?? ''],
      sale: decimal(row.Amount ?? ''),
      commission: decimal(row.Payout ?? ''),
      currency: row.Currency,
      subId: row.SubId1 || null,
      at: new Date(row.EventDate ?? '').toISOString(),
    }));
    const booked = bookAt(on.world, 'impact', now).map((row) => ({
      id: row.networkTransactionId,
      status: row.status,
      sale: row.saleAmount,
      commission: row.commissionAmount,
      currency: row.currency,
      subId: row.subId,
      at: row.occurredAt.toISOString(),
    }));
    const byId = (a: { id: string | undefined }, b: { id: string | undefined }) =>
      (a.id ?? '') < (b.id ?? '') ? -1 : 1;
    expect(booked.length).toBeGreaterThan(200);
    expect(told.sort(byId)).toEqual(booked.sort(byId));
  });

  it('gives pages by link, smaller than was asked for, and numbers as text', async () => {
    const on = stage({ day: 45, pageSize: 20 });
    const { data } = await ask(on, 'Actions', {
      ActionDateStart: START.toISOString(),
      ActionDateEnd: addDays(START, 40).toISOString(),
      PageSize: 20_000,
    });
    expect(data).toMatchObject({ '@page': '1', '@pagesize': '20', '@previouspageuri': '' });
    expect(data.Actions).toHaveLength(20);
    const second = await ask(on, data['@nextpageuri']);
    expect(second.data['@page']).toBe('2');
    const ids = [...data.Actions, ...second.data.Actions].map((row: Row) => row.Id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('does not count a mere change of state as an update; the locking date shows it', async () => {
    const on = stage({ day: 80 });
    const [start, end] = [addDays(START, 60), on.clock.now()];
    const approvedNow = (await all(on, 'Actions', LOCKS, start, end)).filter((row) => row.State === 'APPROVED');
    expect(approvedNow.length).toBeGreaterThan(3);
    const updated = new Set((await all(on, 'Actions', UPDATED, start, end)).map((row) => row.Id));
    const old = approvedNow.filter((row) => new Date(row.CreationDate ?? '') < start && row.DeltaPayout === row.Payout);
    expect(old.length).toBeGreaterThan(0);
    expect(old.filter((row) => updated.has(row.Id))).toEqual([]);
  });

  it('shows reversals as updates, with nothing left and the intended amounts kept', async () => {
    const on = stage({ day: 80 });
    const reversed = (await all(on, 'Actions', UPDATED, START, on.clock.now())).filter(
      (row) => row.State === 'REVERSED',
    );
    expect(reversed.length).toBeGreaterThan(3);
    for (const row of reversed) {
      expect([row.Payout, row.Amount]).toEqual(['0.00', '0.00']);
      expect(Number(row.IntendedPayout)).toBeGreaterThan(0);
      expect(Number(row.DeltaPayout)).toBe(-Number(row.IntendedPayout));
    }
  });

  it('writes the offset of the account zone, before and after summer time', async () => {
    const on = stage({ day: 80 });
    const dates = (await all(on, 'Actions', HAPPENED, START, on.clock.now())).map((row) => row.EventDate ?? '');
    const offset = (at: string) => at.slice(19);
    expect(new Set(dates.filter((at) => at < '2026-03-08').map(offset))).toEqual(new Set(['-08:00']));
    expect(new Set(dates.filter((at) => at > '2026-03-09').map(offset))).toEqual(new Set(['-07:00']));
  });

  it.each([
    {
      name: 'more than 45 days',
      params: { StartDate: '2026-01-01T00:00:00Z', EndDate: '2026-02-20T00:00:00Z' },
      says: 'too long',
    },
    { name: 'one date of two', params: { StartDate: '2026-02-01T00:00:00Z' }, says: 'EndDate' },
    { name: 'a date without a time', params: { StartDate: '2026-02-01', EndDate: '2026-02-02' }, says: 'StartDate' },
    { name: 'a page size below the least', params: { PageSize: 100 }, says: 'PageSize' },
    {
      name: 'more than three years back',
      params: { StartDate: '2022-01-01T00:00:00Z', EndDate: '2022-01-05T00:00:00Z' },
      says: 'StartDate',
    },
    { name: 'an unknown state', params: { State: 'PAID' }, says: 'State' },
  ])('refuses $name', async ({ params, says }) => {
    const { status, data } = await ask(stage(), 'Actions', params as Record<string, string>);
    expect({ status, word: data.Status }).toEqual({ status: 400, word: 'ERROR' });
    expect(data.Message).toContain(says);
  });

  it('reaches back seven days where no date is given', async () => {
    const on = stage({ day: 60 });
    const { data } = await ask(on, 'Actions');
    expect(data.Actions.length).toBeGreaterThan(3);
    expect(data.Actions.length).toBeLessThan(50);
  });

  it('lets in nobody with a wrong token, and answers XML to whoever asks for no JSON', async () => {
    const on = stage();
    const wrong = { authorization: `Basic ${Buffer.from(`${SID}:wrong`).toString('base64')}` };
    expect((await on.client.get(`${BASE}/Mediapartners/${SID}/Campaigns`, { headers: wrong })).status).toBe(401);
    const { authToken } = on.sandbox.credentialsFor('impact');
    const right = { authorization: `Basic ${Buffer.from(`${SID}:${authToken}`).toString('base64')}`, accept: '*/*' };
    const xml = await on.client.get(`${BASE}/Mediapartners/${SID}/Campaigns`, { headers: right });
    expect(xml.data).toContain('<ImpactRadiusResponse>');
  });

  it('says how many calls are left and, when none are, how long to wait', async () => {
    const on = stage({ salesPerDay: 0 });
    const first = await ask(on, 'Actions');
    expect(first.headers['x-ratelimit-remaining-hour']).toBe('499');
    await on.clock.sleep(60_000);
    for (let count = 1; count < 500; count += 1) await ask(on, 'Actions');
    const throttled = await ask(on, 'Actions');
    expect(throttled.status).toBe(429);
    expect(throttled.headers['retry-after']).toBe('3540');
  });

  it('lists programs, and invoices that add up to what was paid', async () => {
    const on = stage({ day: 110 });
    const campaigns = await ask(on, 'Campaigns');
    expect(campaigns.data.Campaigns.length).toBeGreaterThanOrEqual(3);
    const invoices = await all(on, 'Invoices', UPDATED, START, on.clock.now());
    const paid = bookAt(on.world, 'impact', on.clock.now()).filter(({ status }) => status === 'paid');
    for (const currency of ['USD', 'EUR']) {
      const invoiced = invoices
        .filter((row) => row.Currency === currency)
        .reduce((total, row) => total + Number(row.TotalAmount), 0);
      const booked = paid
        .filter((row) => row.currency === currency)
        .reduce((total, row) => total + Number(row.commissionAmount), 0);
      expect(invoiced).toBeCloseTo(booked, 6);
    }
  });

  it('exports the clicks of a day as a job, ten times a day', async () => {
    const on = stage();
    const order = () => ask(on, 'ClickExport', { Date: '2026-02-03', ResultFormat: 'JSON' });
    const { data } = await order();
    expect((await ask(on, data.ResultUri)).status).toBe(202);
    await on.clock.sleep(10_000);
    expect((await ask(on, data.QueuedUri)).data.Status).toBe('COMPLETED');
    const export_ = await ask(on, data.ResultUri);
    const clicks = on.world.clicksOfDay('impact', on.world.dayOf(new Date('2026-02-03')));
    expect(export_.data.Clicks).toHaveLength(clicks.reduce((total, count) => total + count.clicks, 0));
    for (let count = 1; count < 10; count += 1) await order();
    expect((await order()).status).toBe(429);
  });
});

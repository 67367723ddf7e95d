import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rakuten } from '../../connectors/rakuten/index.ts';
import { moment } from '../../connectors/rakuten/moment.ts';
import { clientFor, collect, patientClock, questionOf } from '../support/connector-client.ts';

const API = 'https://api.linksynergy.com';
const EVENTS = '/events/1.0/transactions';
const REPORTS = '/advancedreports/1.0';
const settings = { clientId: 'client-0000', clientSecret: 'rakuten-secret-1111', sid: '3990001' };
const credentials = rakuten.credentials.parse({
  ...settings,
  webServicesToken: 'web-services-2222',
  linkId: 'AbCdEfGhIjK',
});
const { conversions, settlements, payments, programs } = rakuten.streams;
const KEY = Buffer.from('client-0000:rakuten-secret-1111').toString('base64');

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => nock.enableNetConnect());

type Named = 'conversions' | 'settlements' | 'payments' | 'programs';
function ask(stream: Named, pass: string, range = {}, clock = patientClock(), keys = credentials) {
  const http = clientFor(rakuten, keys, clock);
  return collect(rakuten.streams[stream]?.pages(http, questionOf(rakuten, pass, range), keys) ?? none());
}
async function* none() {}
const token = (scheme = 'Bearer') =>
  nock(API, { reqheaders: { authorization: `${scheme} ${KEY}`, accept: 'application/json' } }).post(
    '/token',
    'scope=3990001',
  );
const issued = { access_token: 'access-3333', expires_in: '3600' };
const server = () => nock(API, { reqheaders: { authorization: 'Bearer access-3333' } });
const month = { start: '2026-03-02T00:00:00.500Z', end: '2026-03-31T00:00:00.500Z' };
const asked = { process_date_start: '2026-03-02 00:00:00', process_date_end: '2026-03-31 00:00:01', limit: '1000' };

function event(changes: Record<string, unknown> = {}) {
  return {
    etransaction_id: '0A1B2C3D4E5F60718293A4B5C6D7E8F9',
    advertiser_id: 40111,
    sid: 3990001,
    order_id: 'W-20077',
    sku_number: 'TENT-2P',
    sale_amount: 120.5,
    commissions: 6.03,
    process_date: 'Tue Feb 03 2026 18:40:10 GMT+0000 (UTC)',
    transaction_date: 'Tue Feb 03 2026 18:32:00 GMT+0000 (UTC)',
    u1: 'guide12',
    currency: 'GBP',
    is_event: 'N',
    ...changes,
  };
}

describe('events', () => {
  it('are asked for by process date, until a page is not full', async () => {
    token().reply(200, issued);
    const full = Array.from({ length: 1000 }, () => 1);
    server()
      .get(EVENTS)
      .query({ ...asked, page: '1' })
      .reply(200, full);
    server()
      .get(EVENTS)
      .query({ ...asked, page: '2' })
      .reply(200, [2]);
    expect(await ask('conversions', 'processed', month)).toEqual([full, [2]]);
  });

  it('exchange the key as Basic where Bearer is refused, and again when the token has expired', async () => {
    token().reply(401, { error: 'invalid_client' });
    token('Basic').reply(200, { ...issued, access_token: 'access-old' });
    nock(API, { reqheaders: { authorization: 'Bearer access-old' } })
      .get(EVENTS)
      .query(true)
      .reply(401);
    token().reply(200, issued);
    server().get(EVENTS).query(true).reply(200, []);
    expect(await ask('conversions', 'processed')).toEqual([[]]);
    expect(nock.isDone()).toBe(true);
  });
});

describe('what 403 means', () => {
  it('is a throttle: a minute is waited', async () => {
    token().reply(200, issued);
    server().get(EVENTS).query(true).reply(403, 'Requests per minute exceeded');
    server().get(EVENTS).query(true).reply(200, []);
    const clock = patientClock();
    expect(await ask('conversions', 'processed', {}, clock)).toEqual([[]]);
    expect(clock.waits).toEqual([60_000]);
  });

  it.each([
    {
      name: 'no access after three waits',
      body: { message: 'Forbidden' },
      waits: [60_000, 60_000, 60_000],
      says: /no access/,
    },
    { name: 'not approved, in words', body: 'User cannot consume this service', waits: [], says: /not approved/ },
  ])('is $name', async ({ body, waits, says }) => {
    token().twice().reply(200, issued);
    server().persist().get(EVENTS).query(true).reply(403, body);
    const clock = patientClock();
    const error = await ask('conversions', 'processed', {}, clock).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'credentials', message: expect.stringMatching(says) });
    expect(clock.waits).toEqual(waits);
  });
});

describe('normalise', () => {
  const read = (changes = {}) => conversions.normalise(event(changes), credentials);

  it('reads a sale', () => {
    expect(read()).toEqual({
      networkTransactionId: '0A1B2C3D4E5F60718293A4B5C6D7E8F9',
      saleKey: 'W-20077 TENT-2P',
      status: 'pending',
      statusRaw: 'no status',
      saleAmount: '120.500000',
      commissionAmount: '6.030000',
      currency: 'GBP',
      occurredAt: new Date('2026-02-03T18:32:00Z'),
      updatedAt: new Date('2026-02-03T18:40:10Z'),
      programId: '40111',
      programName: null,
      subId: 'guide12',
      orderRef: 'W-20077',
    });
  });

  it.each([
    { name: 'a return', changes: { sale_amount: -120.5, commissions: -6.03 }, status: 'reversed', amount: '-6.030000' },
    {
      name: 'a return without commission',
      changes: { sale_amount: -5, commissions: 0 },
      status: 'reversed',
      amount: '0.000000',
    },
    { name: 'a sale without commission', changes: { commissions: 0 }, status: 'pending', amount: '0.000000' },
    {
      name: 'a long number, as text',
      changes: { commissions: '12345678901.123456' },
      status: 'pending',
      amount: '12345678901.123456',
    },
  ])('$name is $status', ({ changes, status, amount }) => {
    expect(read(changes)).toMatchObject({ status, commissionAmount: amount, saleKey: 'W-20077 TENT-2P' });
  });

  it.each([undefined, '', 'null', ' NULL ', null])('has no sub-id in %j', (u1) => {
    expect(read({ u1 })).toMatchObject({ subId: null });
  });

  it.each([
    { is_event: 'Y', isLeftOut: true },
    { is_event: true, isLeftOut: true },
    { is_event: 'true', isLeftOut: true },
    { is_event: 'N', isLeftOut: false },
    { is_event: false, isLeftOut: false },
    { is_event: undefined, isLeftOut: false },
  ])('is_event $is_event: left out is $isLeftOut', ({ is_event, isLeftOut }) => {
    expect(read({ is_event }) === null).toBe(isLeftOut);
  });

  it.each([{ commissions: null }, { sale_amount: '' }, { currency: undefined }, { transaction_date: 'soon' }])(
    'sets aside %j',
    (changes) => expect(() => read(changes)).toThrow(),
  );
});

it.each([
  { text: 'Mon Feb 02 2026 09:05:31 GMT+0000 (UTC)', at: '2026-02-02T09:05:31Z' },
  { text: 'Sun Mar 29 2026 02:30:00 GMT+0100 (Mitteleuropäische Normalzeit)', at: '2026-03-29T01:30:00Z' },
  { text: '2/3/26 18:32:00', at: '2026-02-03T18:32:00Z' },
  { text: '12/31/2025 7:05:09', at: '2025-12-31T07:05:09Z' },
  { text: '2026-03-31', at: '2026-03-31T00:00:00Z' },
])('reads the time $text', ({ text, at }) => expect(moment(text)).toEqual(new Date(at)));

it.each(['31/12/25 10:00:00', 'Mon Foo 02 2026 09:05:31 GMT+0000 (UTC)', ' ', '2/3/26 25:00:00'])(
  'does not read the time %j',
  (text) => expect(() => moment(text)).toThrow(/cannot? be read|not a time/),
);

describe('payment reports', () => {
  const csv = { 'content-type': 'text/csv' };
  const report = (reportid: string, query: object, body: string) =>
    server()
      .get(REPORTS)
      .query({ reportid, token: 'web-services-2222', ...query })
      .reply(200, body, csv);
  const days = { bdate: '20260301', edate: '20260330' };

  it('lead from payments to invoices to transactions', async () => {
    token().reply(200, issued);
    report('1', days, '\uFEFFPayment ID,Payment Date,Currency,Amount\n880077,2026-03-31,GBP,"1,402.11"\n');
    report('22', { payid: '880077' }, 'MID,Invoice\n40111,55001\n40111,55001\n40112,55002\n');
    report('23', { invoiceid: '55001' }, 'TRANSACTION_ID,Order ID\nT1,W-1\n,Adjustment\n');
    report('23', { invoiceid: '55002' }, '');
    const pages = await ask('settlements', 'payment-details');
    expect(pages.flat().map((row) => settlements?.normalise(row, credentials))).toEqual([
      { networkTransactionId: 'T1', paymentRef: '880077', paidAt: new Date('2026-03-31T00:00:00Z') },
      null,
    ]);
  });

  it('tell what was paid', async () => {
    token().reply(200, issued);
    report('1', days, 'Payment ID,Payment Date,Currency,Amount\n880077,3/31/26,gbp,"1,402.11"\n');
    const pages = await ask('payments', 'payments');
    const paidAt = new Date('2026-03-31T00:00:00Z');
    const payment = { paymentRef: '880077', amount: '1402.110000', currency: 'GBP', paidAt, statusRaw: null };
    expect(pages.flat().map((row) => payments?.normalise(row, credentials))).toEqual([payment]);
  });

  it.each([
    {
      name: 'no column for the amount',
      body: 'Payment ID,Currency\n1,GBP\n',
      code: 'drift',
      says: /no column.*amount.*Payment ID, Currency/,
    },
    {
      name: 'two that could be it',
      body: 'Payment ID,Pay No,Currency,Amount\n1,2,GBP,3\n',
      code: 'drift',
      says: /payment id/,
    },
    { name: 'no table', body: 'Nothing here', code: 'drift', says: /not a table/ },
    {
      name: 'the report limit',
      body: 'You cannot request more reports today',
      code: 'quota',
      says: /no more payment reports/,
    },
  ])('say so: $name', async ({ body, code, says }) => {
    token().reply(200, issued);
    report('1', days, body);
    const error = await ask('payments', 'payments').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
    expect(JSON.stringify(error) + String(error)).not.toContain('web-services-2222');
  });

  it('are not asked for without the Web Services token', async () => {
    const keys = rakuten.credentials.parse(settings);
    expect(await ask('payments', 'payments', {}, patientClock(), keys)).toEqual([]);
    expect(await ask('settlements', 'payment-details', {}, patientClock(), keys)).toEqual([]);
  });
});

it('lists partnerships by their links', async () => {
  token().reply(200, issued);
  const row = { advertiser: { id: 40111, name: 'Example Camping UK' }, status: 'active' };
  const [first, next] = [
    '/v1/partnerships?partner_status=active&page=1&limit=200',
    '/v1/partnerships?page=2&limit=200',
  ];
  server()
    .get(first)
    .reply(200, { _metadata: { _links: { next } }, partnerships: Array.from({ length: 200 }, () => row) });
  server()
    .get(next)
    .reply(200, { _metadata: { _links: {} }, partnerships: [row] });
  expect((await ask('programs', 'partnerships')).map((page) => ('day' in page ? 0 : page.length))).toEqual([200, 1]);
  const program = { programId: '40111', name: 'Example Camping UK', status: 'active', currency: null, url: null };
  expect(programs?.normalise(row, credentials)).toEqual(program);
});

describe('the test of a key', () => {
  it.each([
    { name: 'another site', rows: [event({ sid: 4000000 })], outcome: /SID 4000000, not for 3990001/ },
    { name: 'this site', rows: [event()], outcome: /Rakuten SID 3990001/ },
    { name: 'a site without events', rows: [], outcome: /Rakuten SID 3990001/ },
  ])('finds $name', async ({ rows, outcome }) => {
    token().reply(200, issued);
    server().get(EVENTS).query({ limit: '1' }).reply(200, rows);
    const found = await rakuten.check(clientFor(rakuten, credentials), credentials).catch((error: unknown) => error);
    expect(found instanceof Error ? found.message : JSON.stringify(found)).toMatch(outcome);
  });
});

describe('report files', () => {
  const [file] = rakuten.files ?? [];
  const header =
    'Transaction ID,Order ID,MID,Advertiser Name,Transaction Date,Transaction Time,Process Date,Process Time,Sales,Total Commission,Currency,Member ID (U1)';
  const line = 'T1,W-20077,40111,Example Camping UK,2/3/26,18:32:00,2/3/26,18:40:10,"1,120.50",6.03,GBP,null';
  const rows = (text: string) =>
    [...(file?.pages(Buffer.from(text), 'report.csv', credentials) ?? [])]
      .flat()
      .map((raw) => conversions.normalise(raw, credentials));

  it('read as the feed would tell the same row', () => {
    const read = rows(`\uFEFF${header}\r\n${line}\r\n`);
    const fromFeed = conversions.normalise(
      event({ etransaction_id: 'T1', sku_number: '', sale_amount: 1120.5, u1: '' }),
      credentials,
    );
    expect(read).toEqual([{ ...fromFeed, programName: 'Example Camping UK' }]);
  });

  it('may have summary lines above the header, and no rows below', () => {
    expect(rows(`Report,Individual Item\nTotal,5\n${header}\n`)).toEqual([]);
  });

  it('name the columns that are missing', () => {
    const without = header.replace('Transaction ID,', '').replace('Currency,', '');
    expect(() => rows(`${without}\n`)).toThrow(/lacks the columns Transaction ID, Currency/);
  });

  it.each([
    { head: `\uFEFF${header}\n`, isOurs: true },
    { head: '"Order ID","MID","Total Commission"\n', isOurs: true },
    { head: 'Payment ID,Amount\n', isOurs: false },
    { head: '<html>', isOurs: false },
  ])('are recognised by their header: $isOurs', ({ head, isOurs }) => {
    expect(file?.recognises(head, 'x.csv')).toBe(isOurs);
  });
});

describe('links', () => {
  const target = { programId: '40111', destination: 'https://shop.example/a?b=1', subId: 'guide12' };
  const link =
    'https://click.linksynergy.com/deeplink?id=AbCdEfGhIjK&mid=40111&u1=guide12&murl=https%3A%2F%2Fshop.example%2Fa%3Fb%3D1';
  it('carry the sub-id', () => expect(rakuten.link?.build(target, credentials)).toBe(link));
  it('take the id from the placement where the account has none', () => {
    const keys = rakuten.credentials.parse(settings);
    expect(rakuten.link?.build({ ...target, placement: 'AbCdEfGhIjK' }, keys)).toBe(link);
    expect(() => rakuten.link?.build(target, keys)).toThrow(/link id/);
  });
});

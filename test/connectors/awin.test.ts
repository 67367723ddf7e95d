import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awin } from '../../connectors/awin/index.ts';
import { clientFor, collect, patientClock, questionOf } from '../support/connector-client.ts';

const API = 'https://api.awin.com';
const TRANSACTIONS = '/publishers/440022/transactions';
const credentials = awin.credentials.parse({ accessToken: 'awin-token-0000-1111', publisherId: '440022' });
const { conversions, programs, clicks } = awin.streams;

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => nock.enableNetConnect());

const ask = (passName: string, range = {}, clock = patientClock()) =>
  collect(conversions.pages(clientFor(awin, credentials, clock), questionOf(awin, passName, range), credentials));

function row(changes: Record<string, unknown> = {}) {
  return {
    id: 2100000101,
    advertiserId: 80011,
    commissionStatus: 'pending',
    commissionAmount: { amount: 3.27, currency: 'EUR' },
    saleAmount: { amount: 65.4, currency: 'EUR' },
    clickRefs: null,
    clickDate: null,
    transactionDate: '2026-03-29T01:30:00',
    validationDate: null,
    orderRef: '',
    paidToPublisher: false,
    paymentId: 0,
    ...changes,
  };
}

describe('what each pass asks', () => {
  const range = { startDate: '2026-03-01T00:00:00', endDate: '2026-03-31T00:00:00', timezone: 'UTC' };
  it.each([
    { pass: 'new', path: `${TRANSACTIONS}/`, query: { ...range, dateType: 'transaction' } },
    { pass: 'validated', path: `${TRANSACTIONS}/`, query: { ...range, dateType: 'validation' } },
    { pass: 'amended', path: `${TRANSACTIONS}/`, query: { ...range, dateType: 'amendment' } },
    { pass: 'again', path: `${TRANSACTIONS}/`, query: { ...range, dateType: 'transaction' } },
    { pass: 'paid', path: TRANSACTIONS, query: { ids: '7,8', timezone: 'UTC' } },
  ])('$pass', async ({ pass, path, query }) => {
    const scope = nock(API, { reqheaders: { authorization: 'Bearer awin-token-0000-1111' } });
    scope.get(path).query(query).reply(200, [row()]);
    expect(await ask(pass, { ids: ['7', '8'] })).toEqual([[row()]]);
  });
});

describe('what a refusal means', () => {
  it('finds nothing where the server does not know the amendment date, and only there', async () => {
    nock(API).get(`${TRANSACTIONS}/`).query(true).twice().reply(400, { error: 'bad_request', description: 'dateType' });
    expect(await ask('amended')).toEqual([]);
    await expect(ask('validated')).rejects.toMatchObject({ code: 'request' });
  });

  it.each([401, 403, 404])('%i pauses the account, without the text that may hold the token', async (status) => {
    const description = 'Invalid access token: awin-token-0000-1111';
    nock(API).get(`${TRANSACTIONS}/`).query(true).reply(status, { error: 'unauthorized', description });
    const error = await ask('amended').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'credentials', networkWords: 'unauthorized' });
    expect(JSON.stringify(error) + String(error)).not.toContain('awin-token');
  });

  it('waits a minute when it is throttled, for Awin names no wait', async () => {
    nock(API)
      .get(`${TRANSACTIONS}/`)
      .query(true)
      .reply(429, 'slow down')
      .get(`${TRANSACTIONS}/`)
      .query(true)
      .reply(200, []);
    const clock = patientClock();
    expect(await ask('new', {}, clock)).toEqual([[]]);
    expect(clock.waits).toEqual([60_000]);
  });

  it('calls an answer that is no array drift', async () => {
    nock(API).get(`${TRANSACTIONS}/`).query(true).reply(200, { transactions: [] });
    await expect(ask('new')).rejects.toMatchObject({ code: 'drift' });
  });
});

describe('how a row is read', () => {
  it.each([
    { word: 'pending', paid: false, status: 'pending' },
    { word: 'Approved', paid: false, status: 'approved' },
    { word: 'bonus', paid: null, status: 'approved' },
    { word: 'approved', paid: true, status: 'paid' },
    { word: 'declined', paid: false, status: 'reversed' },
    { word: 'declined', paid: true, status: 'reversed' },
    { word: 'deleted', paid: false, status: 'reversed' },
  ])('$word, paid $paid: $status', ({ word, paid, status }) => {
    const read = conversions.normalise(row({ commissionStatus: word, paidToPublisher: paid }), credentials);
    expect(read).toMatchObject({ status, statusRaw: word, commissionAmount: '3.270000', saleAmount: '65.400000' });
  });

  it('reads every time as UTC, in the hour that a local zone would skip too', () => {
    const read = conversions.normalise(
      row({ clickDate: '2026-03-29T01:00:00', validationDate: '2026-04-20T08:00:00' }),
      credentials,
    );
    expect(read).toMatchObject({
      occurredAt: new Date('2026-03-29T01:30:00Z'),
      clickedAt: new Date('2026-03-29T01:00:00Z'),
      validatedAt: new Date('2026-04-20T08:00:00Z'),
    });
  });

  it.each([
    { refs: null, subId: null },
    { refs: {}, subId: null },
    { refs: { clickRef: '', clickRef2: null, clickRef6: 'last' }, subId: 'last' },
    { refs: { clickRef2: 'second', clickRef: 'first' }, subId: 'first' },
    { refs: { clickRef: 0 }, subId: '0' },
    { refs: { clickRef: '007' }, subId: '007' },
  ])('takes the sub-id from $refs', ({ refs, subId }) => {
    expect(conversions.normalise(row({ clickRefs: refs }), credentials)).toMatchObject({ subId });
  });

  it.each([
    { paymentId: 0, paymentRef: null },
    { paymentId: null, paymentRef: null },
    { paymentId: 330017, paymentRef: '330017' },
  ])('payment $paymentId', ({ paymentId, paymentRef }) => {
    expect(conversions.normalise(row({ paymentId }), credentials)).toMatchObject({ paymentRef });
  });

  it.each([
    { why: 'an unknown status', changes: { commissionStatus: 'parked' } },
    { why: 'no commission', changes: { commissionAmount: { amount: null, currency: 'EUR' } } },
    { why: 'no sale', changes: { saleAmount: null } },
    { why: 'no currency', changes: { commissionAmount: { amount: 1 } } },
    { why: 'two currencies', changes: { saleAmount: { amount: 1, currency: 'PLN' } } },
    { why: 'no time', changes: { transactionDate: 'yesterday' } },
    { why: 'no id', changes: { id: null } },
  ])('sets a row with $why aside', ({ changes }) => {
    expect(() => conversions.normalise(row(changes), credentials)).toThrow();
  });
});

describe('programmes and clicks', () => {
  const joined = [
    {
      id: 80011,
      name: 'Grünzeug & Co.',
      displayUrl: 'https://shop.example',
      currencyCode: 'EUR',
      status: 'Active',
      primaryRegion: { countryCode: 'DE' },
    },
    { id: 80012, name: 'Tea', primaryRegion: { countryCode: 'GB' } },
  ];
  const question = (name: string, range = {}) => questionOf(awin, name, range);

  it('lists joined programmes', async () => {
    nock(API).get('/publishers/440022/programmes').query({ relationship: 'joined' }).reply(200, joined);
    const pages = await collect(
      programs?.pages(clientFor(awin, credentials), question('programs'), credentials) ?? none(),
    );
    expect(
      pages.flatMap((page) => ('day' in page ? [] : page.map((raw) => programs?.normalise(raw, credentials)))),
    ).toEqual([
      { programId: '80011', name: 'Grünzeug & Co.', status: 'Active', currency: 'EUR', url: 'https://shop.example' },
      { programId: '80012', name: 'Tea', status: null, currency: null, url: null },
    ]);
  });

  it('counts clicks a day at a time in the regions of the programmes, bare or wrapped', async () => {
    const report = (region: string, day: string) => ({
      region,
      startDate: day,
      endDate: day,
      timezone: 'UTC',
      dateType: 'transaction',
    });
    const path = '/publishers/440022/reports/advertiser';
    nock(API).get('/publishers/440022/programmes').query({ relationship: 'joined' }).reply(200, joined);
    nock(API)
      .get(path)
      .query(report('DE', '2026-03-01'))
      .reply(200, [{ advertiserId: 80011, clicks: 57 }])
      .get(path)
      .query(report('GB', '2026-03-01'))
      .reply(200, { body: [{ advertiserId: 80012, clicks: 3 }], statusCode: 200 })
      .get(path)
      .query(report('DE', '2026-03-02'))
      .reply(200, [])
      .get(path)
      .query(report('GB', '2026-03-02'))
      .reply(200, []);
    const twoDays = question('clicks', { end: '2026-03-03T00:00:00Z' });
    const days = await collect(clicks?.pages(clientFor(awin, credentials), twoDays, credentials) ?? none());
    expect(days).toMatchObject([{ day: '2026-03-01' }, { day: '2026-03-02', rows: [] }]);
    const [first] = days;
    expect(first && 'rows' in first && first.rows.map((raw) => clicks?.normalise(raw, credentials))).toEqual([
      { day: '2026-03-01', programId: '80011', subId: null, clicks: 57 },
      { day: '2026-03-01', programId: '80012', subId: null, clicks: 3 },
    ]);
  });
});

describe('the key and the link', () => {
  it('names the account of a good key', async () => {
    const accounts = [{ accountId: 440022, accountName: 'Gartenblog' }];
    nock(API).get('/accounts').query({ type: 'publisher' }).reply(200, { userId: 1, accounts });
    expect(await awin.check(clientFor(awin, credentials), credentials)).toEqual({
      label: 'Gartenblog',
      currency: null,
    });
  });

  it('says which accounts a token sees when it does not see this one', async () => {
    nock(API)
      .get('/accounts')
      .query(true)
      .reply(200, { userId: 1, accounts: [{ accountId: 7, accountName: 'Other' }] });
    const checked = awin.check(clientFor(awin, credentials), credentials);
    await expect(checked).rejects.toMatchObject({ code: 'credentials', message: expect.stringContaining('7 (Other)') });
  });

  it('builds a deep link', () => {
    const target = { programId: '80011', destination: 'https://shop.example/p?a=1&b=ü', subId: 'rasen-12' };
    expect(awin.link?.build(target, credentials)).toBe(
      'https://www.awin1.com/cread.php?awinmid=80011&awinaffid=440022&clickref=rasen-12&ued=https%3A%2F%2Fshop.example%2Fp%3Fa%3D1%26b%3D%C3%BC',
    );
  });

  it.each([
    { why: 'a sub-id with other characters', subId: 'a b', programId: '1' },
    { why: 'a program that is no number', subId: null, programId: '1&x=2' },
  ])('refuses $why', ({ subId, programId }) => {
    expect(() => awin.link?.build({ programId, destination: 'https://shop.example', subId }, credentials)).toThrow();
  });
});

async function* none() {}

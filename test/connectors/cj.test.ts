import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cj } from '../../connectors/cj/index.ts';
import { clientFor, collect, patientClock, questionOf } from '../support/connector-client.ts';

const API = 'https://commissions.api.cj.com';
const TOKEN = 'cjpat-EXAMPLE-0001';
const credentials = cj.credentials.parse({ personalAccessToken: TOKEN, companyId: '1234567', propertyId: '9200456' });
const inEuro = cj.credentials.parse({ ...credentials, publisherCurrency: 'eur' });
const { conversions, programs } = cj.streams;

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => nock.enableNetConnect());

const ask = (passName = 'new', range = {}) =>
  collect(conversions.pages(clientFor(cj, credentials), questionOf(cj, passName, range), credentials));
const page = (records: readonly unknown[], payloadComplete = true, maxCommissionId: string | null = null) => ({
  data: { publisherCommissions: { count: records.length, limit: 2, maxCommissionId, payloadComplete, records } },
});

function row(changes: Record<string, unknown> = {}) {
  return {
    commissionId: '2900000377',
    original: true,
    originalActionId: '1800044001',
    actionStatus: 'new',
    validationStatus: 'AUTOMATED',
    advertiserId: '5011223',
    advertiserName: 'Brumé Outdoor',
    clickDate: '2026-01-09T17:02:11Z',
    eventDate: '2026-01-09T17:40:00Z',
    lockingDate: '2026-02-11T10:00:00Z',
    orderId: 'BR-77120',
    saleAmountUsd: '84.5',
    saleAmountPubCurrency: '77.99',
    pubCommissionAmountUsd: '5.915',
    pubCommissionAmountPubCurrency: '5.4593',
    shopperId: 'post-312',
    sid: null,
    ...changes,
  };
}

/** Answers one question and keeps the text that was asked. */
function answering(asked: string[], body: nock.Body, status = 200) {
  const keep = ({ query }: { query: string }) => asked.push(query) > 0;
  nock(API, { reqheaders: { authorization: `Bearer ${TOKEN}` } })
    .post('/query', keep)
    .reply(status, body);
}

describe('what each pass asks', () => {
  const from = '2026-03-01T00:00:00Z';
  const until = '2026-03-31T00:00:00Z';
  it.each([
    { pass: 'new', args: `sincePostingDate: "${from}", beforePostingDate: "${until}"` },
    { pass: 'settling', args: `sincePostingDate: "${from}", beforePostingDate: "${until}"` },
    { pass: 'locked', args: `sinceLockingDate: "${from}", beforeLockingDate: "${until}"` },
    { pass: 'again', args: `sinceEventDate: "${from}", beforeEventDate: "${until}"` },
    { pass: 'open', args: 'commissionIds: ["7","8"]' },
  ])('$pass', async ({ pass, args }) => {
    const asked: string[] = [];
    answering(asked, page([row()]));
    expect(await ask(pass, { ids: ['7', '8'] })).toEqual([[row()]]);
    expect(asked[0]).toContain(`publisherCommissions(forPublishers: ["1234567"], ${args})`);
    expect(asked[0]).toContain('maxCommissionId');
  });

  it('goes on with the same question after the greatest id, until the answer is complete', async () => {
    const asked: string[] = [];
    answering(asked, page([row({ commissionId: '1' })], false, '1'));
    answering(asked, page([row({ commissionId: '2' })], true, '2'));
    expect(await ask()).toEqual([[row({ commissionId: '1' })], [row({ commissionId: '2' })]]);
    expect(asked[1]).toBe(asked[0]?.replace('Z")', 'Z", sinceCommissionId: "1")'));
  });

  it.each([
    { why: 'names no next id', pages: [page([row()], false, null)] },
    { why: 'names the same next id twice', pages: [page([row()], false, '1'), page([row()], false, '1')] },
  ])('calls an incomplete answer that $why drift', async ({ pages }) => {
    for (const body of pages) answering([], body);
    await expect(ask()).rejects.toMatchObject({ code: 'drift' });
  });
});

describe('what a refusal means', () => {
  it.each([
    { says: 'Date range may not exceed 31 days', code: 'request' },
    { says: 'Field "currency" is undefined', code: 'request' },
    { says: 'Not authorized for company 1234567', code: 'credentials' },
    { says: 'Too many requests', code: 'quota' },
    { says: 'Internal server error', code: 'network' },
  ])('status 200 and "$says": $code', async ({ says, code }) => {
    nock(API)
      .post('/query')
      .times(4)
      .reply(200, { errors: [{ message: says }], data: null });
    await expect(ask()).rejects.toMatchObject({ code });
  });

  it('keeps nothing of a refusal that repeats the token', async () => {
    answering([], `Not Authenticated: the token ${TOKEN} is not known`, 401);
    const error = await ask().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'credentials', networkWords: 'Not Authenticated' });
    expect(JSON.stringify(error) + String(error)).not.toContain('EXAMPLE');
  });

  it('keeps the words of a refusal that says whose commissions the token may not see', async () => {
    answering([], {
      errors: [{ message: 'You are not authorized to view commissions of this publisher' }],
      data: null,
    });
    await expect(ask()).rejects.toMatchObject({ networkWords: expect.stringContaining('not authorized to view') });
  });

  it.each([200, 503])('a page for people with status %i is an outage, not an empty window', async (status) => {
    nock(API).post('/query').times(9).reply(status, '<!DOCTYPE html><html><body>Maintenance</body></html>');
    await expect(ask()).rejects.toMatchObject({ code: 'network' });
  });

  it('calls an answer without records drift', async () => {
    answering([], { data: { publisherCommissions: null } });
    await expect(ask()).rejects.toMatchObject({ code: 'drift' });
  });
});

describe('how a row is read', () => {
  it.each([
    { name: 'new', changes: {}, status: 'pending' },
    { name: 'extended', changes: { actionStatus: 'extended' }, status: 'pending' },
    { name: 'locked', changes: { actionStatus: 'Locked' }, status: 'approved' },
    { name: 'closed', changes: { actionStatus: 'closed' }, status: 'paid' },
    {
      name: 'locked for nothing',
      changes: { actionStatus: 'locked', pubCommissionAmountUsd: '0' },
      status: 'approved',
    },
    { name: 'declined', changes: { actionStatus: 'locked', validationStatus: 'DECLINED' }, status: 'reversed' },
    { name: 'new state after a restatement', changes: { original: false }, status: 'pending' },
    {
      name: 'return that is paid out',
      changes: { original: false, actionStatus: 'closed', pubCommissionAmountUsd: '-2.8' },
      status: 'reversed',
    },
  ])('$name: $status', ({ changes, status }) => {
    expect(conversions.normalise(row(changes), credentials)).toMatchObject({ status, saleKey: '1800044001' });
  });

  it.each([
    { name: 'dollars', account: credentials, sale: '84.500000', commission: '5.915000', currency: 'USD' },
    {
      name: 'the currency of the account',
      account: inEuro,
      sale: '77.990000',
      commission: '5.459300',
      currency: 'EUR',
    },
  ])('reads the amounts in $name', ({ account, sale, commission, currency }) => {
    const read = conversions.normalise(row(), account);
    expect(read).toMatchObject({ saleAmount: sale, commissionAmount: commission, currency });
  });

  it('keeps the sign of a correction', () => {
    const read = conversions.normalise(
      row({ original: false, saleAmountUsd: '-40', pubCommissionAmountUsd: '-2.8' }),
      credentials,
    );
    expect(read).toMatchObject({ saleAmount: '-40.000000', commissionAmount: '-2.800000' });
  });

  it('takes a sale of null as none', () => {
    expect(conversions.normalise(row({ saleAmountUsd: null }), credentials)).toMatchObject({ saleAmount: '0.000000' });
  });

  it.each([
    { shopperId: 'a', sid: 'b', subId: 'a' },
    { shopperId: '', sid: 'b', subId: 'b' },
    { shopperId: null, sid: undefined, subId: null },
  ])('sub-id of $shopperId and $sid: $subId', ({ subId, ...given }) => {
    expect(conversions.normalise(row(given), credentials)).toMatchObject({ subId });
  });

  it.each([
    { why: 'an unknown status', changes: { actionStatus: 'corrected' } },
    { why: 'no commission', changes: { pubCommissionAmountUsd: null } },
    { why: 'no field for the sale', changes: { saleAmountUsd: undefined } },
    { why: 'an amount that is no number', changes: { pubCommissionAmountUsd: 'n/a' } },
    { why: 'a time without a zone', changes: { eventDate: '2026-01-09T17:40:00' } },
    { why: 'no id', changes: { commissionId: '' } },
  ])('sets a row with $why aside', ({ changes }) => {
    expect(() => conversions.normalise(row(changes), credentials)).toThrow();
  });
});

describe('advertisers, the key and the link', () => {
  it('pages through the joined advertisers', async () => {
    const advertiser = (id: number) =>
      `<advertiser><advertiser-id>${id}</advertiser-id><advertiser-name>B &amp; C</advertiser-name>` +
      '<program-url>https://b.example/</program-url><relationship-status>joined</relationship-status></advertiser>';
    const answer = (number: number, ids: number[]) =>
      `<cj-api><advertisers total-matched="101" records-returned="${ids.length}" page-number="${number}">${ids.map(advertiser).join('')}</advertisers></cj-api>`;
    const query = { 'requestor-cid': '1234567', 'advertiser-ids': 'joined', 'records-per-page': 100 };
    const ids = Array.from({ length: 100 }, (_, index) => index + 1);
    nock('https://advertiser-lookup.api.cj.com')
      .get('/v2/advertiser-lookup')
      .query({ ...query, 'page-number': 1 })
      .reply(200, answer(1, ids))
      .get('/v2/advertiser-lookup')
      .query({ ...query, 'page-number': 2 })
      .reply(200, answer(2, [101]));
    const stream = programs ?? conversions;
    const pages = await collect(stream.pages(clientFor(cj, credentials), questionOf(cj, 'programs'), credentials));
    const rows = pages.flatMap((rows) => ('day' in rows ? [] : rows));
    expect(rows).toHaveLength(101);
    expect(stream.normalise(rows[100], credentials)).toEqual({
      programId: '101',
      name: 'B & C',
      status: 'joined',
      currency: null,
      url: 'https://b.example/',
    });
  });

  it('takes no advertisers for an empty list', async () => {
    nock('https://advertiser-lookup.api.cj.com')
      .get('/v2/advertiser-lookup')
      .query(true)
      .reply(200, '<cj-api><advertisers total-matched="0" records-returned="0" page-number="1"/></cj-api>');
    const pages = programs?.pages(clientFor(cj, credentials), questionOf(cj, 'programs'), credentials);
    expect(pages && (await collect(pages))).toEqual([[]]);
  });

  it('tries a key with the count of one day', async () => {
    const asked: string[] = [];
    answering(asked, { data: { publisherCommissions: { count: 0 } } });
    expect(await cj.check(clientFor(cj, credentials), credentials)).toEqual({
      label: 'CJ company 1234567',
      currency: 'USD',
    });
    expect(asked[0]).toMatch(/sincePostingDate: .*beforePostingDate: .*\{ count \}/);
  });

  const target = { programId: '5011223', destination: 'https://brume.example/tent?x=1', subId: 'post312' };
  it.each([
    { placement: '13700001', starts: 'https://www.anrdoezrs.net/click-9200456-13700001?sid=post312&' },
    { placement: '77-13700001', starts: 'https://www.anrdoezrs.net/click-77-13700001?sid=post312&' },
  ])('builds a deep link over $placement', ({ placement, starts }) => {
    expect(cj.link?.build({ ...target, placement }, credentials)).toBe(
      `${starts}url=https%3A%2F%2Fbrume.example%2Ftent%3Fx%3D1`,
    );
  });

  it.each([
    { why: 'the sub-id 0', changes: { placement: '1', subId: '0' }, account: credentials },
    { why: 'other characters', changes: { placement: '1', subId: 'post-312' }, account: credentials },
    { why: 'no ad', changes: {}, account: credentials },
    { why: 'no property', changes: { placement: '1' }, account: inEuroWithoutProperty() },
  ])('refuses a link with $why', ({ changes, account }) => {
    expect(() => cj.link?.build({ ...target, ...changes }, account)).toThrow();
  });
});

function inEuroWithoutProperty() {
  return cj.credentials.parse({ ...inEuro, propertyId: '' });
}

it('leaves waits to the clock that it is given', async () => {
  const clock = patientClock();
  nock(API).post('/query').reply(429, '').post('/query').reply(200, page([]));
  const http = clientFor(cj, credentials, clock);
  expect(await collect(conversions.pages(http, questionOf(cj, 'new'), credentials))).toEqual([[]]);
  expect(clock.waits).toEqual([60_000]);
});

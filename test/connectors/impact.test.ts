import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { impact, STATUSES } from '../../connectors/impact/index.ts';
import { clientFor, collect, patientClock, questionOf } from '../support/connector-client.ts';

const API = 'https://api.impact.com';
const HOME = '/Mediapartners/IRexampleSID';
const credentials = impact.credentials.parse({ accountSid: 'IRexampleSID', authToken: 'impact-token-0000-1111' });
const { conversions, settlements, payments, programs, clicks } = impact.streams;
const version = { IrVersion: '16' };

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => nock.enableNetConnect());

type Named = 'conversions' | 'settlements' | 'payments' | 'programs' | 'clicks';
function ask(stream: Named, pass: string, range = {}, clock = patientClock()) {
  const http = clientFor(impact, credentials, clock);
  return collect(impact.streams[stream]?.pages(http, questionOf(impact, pass, range), credentials) ?? none());
}
async function* none() {}

function action(changes: Record<string, unknown> = {}) {
  return {
    Id: '18800.77120.400977',
    CampaignId: '18800',
    CampaignName: 'Acme Tools',
    State: 'PENDING',
    Payout: '4.10',
    DeltaPayout: '-0.90',
    Amount: '82.00',
    Currency: 'USD',
    ReferringDate: '',
    EventDate: '2026-03-08T03:00:00-07:00',
    LockingDate: '',
    Oid: '77-1',
    SubId1: '',
    ...changes,
  };
}

describe('what each pass asks', () => {
  const [from, until] = ['2026-03-01T00:00:00Z', '2026-03-31T00:00:00Z'];
  const paged = { PageSize: '10000', ...version };
  it.each([
    { stream: 'conversions', pass: 'updated', list: 'Actions', query: { StartDate: from, EndDate: until, ...paged } },
    {
      stream: 'conversions',
      pass: 'locked',
      list: 'Actions',
      query: { LockingDateStart: from, LockingDateEnd: until, ...paged },
    },
    {
      stream: 'conversions',
      pass: 'again',
      list: 'Actions',
      query: { ActionDateStart: from, ActionDateEnd: until, ...paged },
    },
    {
      stream: 'settlements',
      pass: 'paystubs',
      list: 'ActionUpdates',
      query: { StartDate: from, EndDate: until, ...paged },
    },
    {
      stream: 'payments',
      pass: 'invoices',
      list: 'Invoices',
      query: { StartDate: from, EndDate: until, ...version },
    },
    { stream: 'programs', pass: 'campaigns', list: 'Campaigns', query: version },
  ] as const)('$pass', async ({ stream, pass, list, query }) => {
    const authorization = `Basic ${Buffer.from('IRexampleSID:impact-token-0000-1111').toString('base64')}`;
    nock(API, { reqheaders: { authorization, 'ir-version': '16', accept: 'application/json' } })
      .get(`${HOME}/${list}`)
      .query(query)
      .reply(200, { '@total': '1', '@nextpageuri': '', [list]: [{ Id: 1 }] });
    expect(await ask(stream, pass)).toEqual([[{ Id: 1 }]]);
  });

  it('rounds a window outwards to whole seconds', async () => {
    nock(API)
      .get(`${HOME}/Actions`)
      .query({ StartDate: '2026-03-01T00:00:00Z', EndDate: '2026-03-02T00:00:01Z', ...paged })
      .reply(200, { Actions: [] });
    const range = { start: '2026-03-01T00:00:00.900Z', end: '2026-03-02T00:00:00.100Z' };
    expect(await ask('conversions', 'updated', range)).toEqual([[]]);
  });
});

describe('lists', () => {
  const next = `${HOME}/Actions?Page=2&PageSize=10000`;
  it.each([
    { name: 'the relative address', first: { '@nextpageuri': next }, second: { Page: '2', PageSize: '10000' } },
    { name: 'the misspelt address', first: { '@nextpageruri': next }, second: { Page: '2', PageSize: '10000' } },
    {
      name: 'the page count',
      first: { '@page': '1', '@numpages': '2' },
      second: (query: object) => 'StartDate' in query,
    },
  ])('go on by $name', async ({ first, second }) => {
    nock(API)
      .get(`${HOME}/Actions`)
      .query(true)
      .reply(200, { ...first, Actions: [1] });
    nock(API)
      .get(`${HOME}/Actions`)
      .query(second)
      .reply(200, { '@page': '2', '@numpages': '2', Actions: [2] });
    expect(await ask('conversions', 'updated')).toEqual([[1], [2]]);
  });

  it.each([
    { name: 'missing', body: { '@total': '0' }, rows: [] },
    { name: 'null', body: { Actions: null }, rows: [] },
    { name: 'an empty object', body: { Actions: {} }, rows: [] },
    { name: 'the only row', body: { Actions: { Id: '1' } }, rows: [{ Id: '1' }] },
  ])('may be $name', async ({ body, rows }) => {
    nock(API).get(`${HOME}/Actions`).query(true).reply(200, body);
    expect(await ask('conversions', 'updated')).toEqual([rows]);
  });

  it('are asked for in halves where a wide window fails', async () => {
    const whole = { ActionDateStart: '2026-03-01T00:00:00Z', ActionDateEnd: '2026-03-31T00:00:00Z' };
    const server = (range: object) =>
      nock(API)
        .get(`${HOME}/Actions`)
        .query({ ...range, PageSize: '10000', ...version });
    server(whole).times(4).reply(502, '<html>Bad gateway</html>');
    server({ ...whole, ActionDateEnd: '2026-03-16T00:00:00Z' }).reply(200, { Actions: [1] });
    server({ ...whole, ActionDateStart: '2026-03-16T00:00:00Z' }).reply(200, { Actions: [2] });
    expect(await ask('conversions', 'again')).toEqual([[1], [2]]);
  });

  it('let the first failure stand where half of the window fares no better, and try no narrow one', async () => {
    let calls = 0;
    const answer = () => {
      calls += 1;
      return [400, { Status: 'ERROR', Message: `refusal ${calls}` }] as const;
    };
    nock(API).persist().get(`${HOME}/Actions`).query(true).reply(answer);
    const refused = await ask('conversions', 'again').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'request', networkWords: expect.stringContaining('refusal 1') });
    expect(calls).toBe(3);
    const day = { end: '2026-03-02T00:00:00Z' };
    await expect(ask('conversions', 'updated', day)).rejects.toMatchObject({ code: 'request' });
    expect(calls).toBe(4);
  });
});

describe('what a refusal means', () => {
  it.each([
    { status: 401, body: { Status: 'ERROR', Message: 'Access denied' }, code: 'credentials', says: /refuses the key/ },
    {
      status: 403,
      body: { Status: 'ERROR', Message: 'No scope' },
      code: 'credentials',
      says: /lacks the scope.*Actions/,
    },
    { status: 200, body: { Status: 'ERROR', Message: 'Odd' }, code: 'request', says: /refused the question/ },
    { status: 200, body: { Conversions: [] }, code: 'drift', says: /neither Actions nor a page count/ },
  ])('$status $code', async ({ status, body, code, says }) => {
    nock(API).persist().get(`${HOME}/Actions`).query(true).reply(status, body);
    const error = await ask('conversions', 'updated').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
    expect(JSON.stringify(error) + String(error)).not.toContain('impact-token');
  });
});

describe('normalise', () => {
  it('reads an action as it stands now', () => {
    expect(
      conversions.normalise(action({ CampaignId: 18800, LockingDate: '2026-04-20T00:00:00-07:00' }), credentials),
    ).toEqual({
      networkTransactionId: '18800.77120.400977',
      status: 'pending',
      statusRaw: 'PENDING',
      saleAmount: '82.000000',
      commissionAmount: '4.100000',
      currency: 'USD',
      occurredAt: new Date('2026-03-08T10:00:00Z'),
      clickedAt: null,
      lockedAt: new Date('2026-04-20T07:00:00Z'),
      programId: '18800',
      programName: 'Acme Tools',
      subId: null,
      orderRef: '77-1',
    });
  });

  it.each(Object.entries(STATUSES))('%s is %s', (State, status) => {
    expect(conversions.normalise(action({ State }), credentials)).toMatchObject({ status, statusRaw: State });
  });

  it.each([
    { name: 'an unknown state', row: action({ State: 'LOCKED' }) },
    { name: 'no payout', row: action({ Payout: '' }) },
    { name: 'no currency', row: action({ Currency: '' }) },
    { name: 'a time without offset', row: action({ EventDate: '2026-03-08T03:00:00' }) },
  ])('sets aside $name', ({ row }) => expect(() => conversions.normalise(row, credentials)).toThrow());

  it.each([
    { name: 'a paystub', row: { State: 'APPROVED', PaystubId: 'ps-1' }, paymentRef: 'ps-1' },
    { name: 'no paystub yet', row: { State: 'APPROVED', PaystubId: '' }, paymentRef: undefined },
    { name: 'money taken back', row: { State: 'REVERSED', PaystubId: 'ps-1' }, paymentRef: undefined },
  ])('settles by $name', ({ row, paymentRef }) => {
    const settled = settlements?.normalise({ ActionId: '18800.77120.400977', ...row }, credentials);
    expect(settled?.paymentRef).toBe(paymentRef);
  });

  it('keeps the words of invoice lines and claims no payment day', () => {
    const LineItems = [{ Status: 'PAID' }, { Status: 'PENDING' }, { Status: 'PAID' }];
    const invoice = { Id: '123456-9', Currency: 'USD', TotalAmount: '91.20', LineItems };
    expect(payments?.normalise(invoice, credentials)).toEqual({
      paymentRef: '123456-9',
      amount: '91.200000',
      currency: 'USD',
      paidAt: null,
      statusRaw: 'PAID, PENDING',
    });
  });

  it('names programs', () => {
    const row = {
      CampaignId: 18800,
      CampaignName: 'Acme Tools',
      ContractStatus: 'Active',
      AdvertiserUrl: 'https://acme.example',
    };
    const program = {
      programId: '18800',
      name: 'Acme Tools',
      status: 'Active',
      currency: null,
      url: 'https://acme.example',
    };
    expect(programs?.normalise(row, credentials)).toEqual(program);
  });
});

describe('clicks', () => {
  const job = { QueuedUri: `${HOME}/Jobs/0f0e-11`, ResultUri: `${HOME}/Jobs/0f0e-11/Download` };
  const click = (SubId1: string, program: object = { ProgramId: '18800' }) => ({
    ...program,
    PartnerRelated: [{ SubId1 }],
  });
  const range = { start: '2026-03-29T01:00:00Z', end: '2026-03-30T01:00:00Z' };
  function exported(words: readonly string[]) {
    const asked = nock(API)
      .get(`${HOME}/ClickExport`)
      .query({ ...version, Date: '2026-03-29', ResultFormat: 'JSON' });
    asked.reply(200, { Status: 'QUEUED', ...job });
    for (const Status of words) nock(API).get(job.QueuedUri).query(version).reply(200, { Status });
    return nock(API)
      .get(job.ResultUri)
      .query({ ...version, Mode: 'Stream' });
  }

  it.each([
    { name: 'an object', wrap: (rows: unknown[]) => ({ Anything: rows }) },
    { name: 'a bare array', wrap: (rows: unknown[]) => rows },
  ])('are counted by program and sub-id from $name', async ({ wrap }) => {
    const rows = [click('a'), click(''), click('a'), click('a', { CampaignId: 7 })];
    exported(['QUEUED', 'RUNNING', 'COMPLETED']).reply(200, wrap(rows));
    const clock = patientClock();
    const [page] = await ask('clicks', 'clicks', range, clock);
    const day = '2026-03-29';
    const counts = [
      { day, programId: '18800', subId: 'a', clicks: 2 },
      { day, programId: '18800', subId: null, clicks: 1 },
      { day, programId: '7', subId: 'a', clicks: 1 },
    ];
    expect(page).toEqual({ day, rows: counts });
    expect(clock.waits).toEqual([10_000, 10_000]);
    expect(counts.map((row) => clicks?.normalise(row, credentials))).toEqual(counts);
  });

  it.each([
    { name: 'a day without clicks', body: { Clicks: null }, found: [{ day: '2026-03-29', rows: [] }] },
    { name: 'a new shape', body: { Message: 'hello' }, found: 'drift' },
  ])('tell $name', async ({ body, found }) => {
    exported(['COMPLETED']).reply(200, body);
    expect(await ask('clicks', 'clicks', range).catch((error: { code: string }) => error.code)).toEqual(found);
  });

  it('say so when the export fails', async () => {
    exported(['FAILED']);
    await expect(ask('clicks', 'clicks', range)).rejects.toMatchObject({
      code: 'network',
      message: /2026-03-29.*FAILED/,
    });
  });
});

describe('links', () => {
  const target = {
    programId: '18800',
    destination: 'https://acme.example/saws?size=1&x=ä',
    subId: 'guide-tents',
    placement: 'https://acme.example.net/c/123456/512/18800',
  };
  it('start from the tracking link of the campaign', () => {
    expect(impact.link?.build(target, credentials)).toBe(
      'https://acme.example.net/c/123456/512/18800?subId1=guide-tents&u=https%3A%2F%2Facme.example%2Fsaws%3Fsize%3D1%26x%3D%C3%A4',
    );
  });
  it.each([
    { name: 'no tracking link', change: { placement: '' }, says: /starts from the tracking link/ },
    { name: 'the tracking link of another', change: { programId: '7' }, says: /does not belong to program 7/ },
    { name: 'a sub-id with a space', change: { subId: 'a b' }, says: /sub-id/ },
  ])('refuse $name', ({ change, says }) => {
    expect(() => impact.link?.build({ ...target, ...change }, credentials)).toThrow(says);
  });
});

it('proves a key by the list of campaigns', async () => {
  nock(API).get(`${HOME}/Campaigns`).query(version).reply(200, { Campaigns: [] });
  expect(await impact.check(clientFor(impact, credentials), credentials)).toEqual({
    label: 'impact.com account IRexampleSID',
    currency: null,
  });
});

import { gzipSync } from 'node:zlib';
import nock from 'nock';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { amazonAssociates } from '../../connectors/amazon-associates/index.ts';
import type { DaySnapshot } from '../../connectors/contract.ts';
import { recogniseFile } from '../../connectors/kit/report-file.ts';
import { clientFor, collect, questionOf } from '../support/connector-client.ts';

const API = 'https://creatorsapi.amazon';
const STORAGE = 'https://reports-bucket.s3.eu-west-1.amazonaws.com';
const HEADER =
  'Product Line\tItem\tASIN\tSeller\tTracking ID\tDate Shipped\tPrice\tQuantity\tRevenue\tEarnings\tReferral Fee Rate\tSub Tag';

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});

function settings(more: Record<string, string> = {}) {
  const key = { credentialId: 'EXAMPLE-ID', credentialSecret: 'EXAMPLE-SECRET', credentialVersion: '2.1' };
  return amazonAssociates.credentials.parse({ marketplace: 'www.amazon.com', storeId: 'mystore-20', ...key, ...more });
}

function line(date: string, revenue: string, earnings: string, subTag = '-'): string {
  return `Kitchen\tSteel pan\tB0TEST0001\tAmazon.com\tmystore-20\t${date}\t24.99\t1\t${revenue}\t${earnings}\t4.50%\t${subTag}`;
}

/** Imports a file and reads its rows: what the owner gets for an upload. */
function imported(lines: readonly string[], { fileName = 'earnings.tsv', marketplace = 'www.amazon.com' } = {}) {
  const bytes = Buffer.from([HEADER, ...lines].join('\n'));
  const credentials = settings({ marketplace });
  const pages = [...recogniseFile(amazonAssociates, bytes, fileName).pages(bytes, fileName, credentials)];
  const rows = pages.flatMap((page) => ('day' in page ? page.rows : page));
  return { pages, conversions: rows.map((row) => amazonAssociates.streams.conversions.normalise(row, credentials)) };
}

describe('a row of an earnings report', () => {
  it('has the id that any importer computes', () => {
    const [conversion] = imported([line('2026-02-03', '24.99', '1.12')]).conversions;
    expect(conversion?.networkTransactionId).toBe('amz-b9e51d8ce33a9678ad2e6e39f0cca437');
  });

  it('keeps equal rows apart, and their ids in any later file', () => {
    const twice = () =>
      imported([line('2026-02-03', '24.99', '1.12'), line('2026-02-03', '24.99', '1.12')]).conversions.map(
        (conversion) => conversion?.networkTransactionId,
      );
    expect(new Set(twice()).size).toBe(2);
    expect(twice()).toEqual(twice());
  });

  it.each([
    { name: 'a sale', revenue: '24.99', earnings: '1.12', status: 'approved' },
    { name: 'a sale that earns nothing', revenue: '24.99', earnings: '0.00', status: 'approved' },
    { name: 'a return', revenue: '-24.99', earnings: '-1.12', status: 'reversed' },
    { name: 'a return of what earned nothing', revenue: '-24.99', earnings: '0.00', status: 'reversed' },
  ])('$name is $status', ({ revenue, earnings, status }) => {
    expect(imported([line('2026-02-03', revenue, earnings)]).conversions).toMatchObject([{ status }]);
  });

  it.each([
    { market: 'com', cell: '1,234', amount: '1234.000000' },
    { market: 'de', cell: '1,234', amount: '1.234000' },
    { market: 'de', cell: '1.234,50 €', amount: '1234.500000' },
    { market: 'com', cell: '$1,234.50', amount: '1234.500000' },
    { market: 'com', cell: '($5.10)', amount: '-5.100000' },
    { market: 'co.jp', cell: '￥1,200', amount: '1200.000000' },
    { market: 'se', cell: '12 345,60 kr', amount: '12345.600000' },
    { market: 'com.br', cell: 'R$ 5,20', amount: '5.200000' },
    { market: 'com', cell: '\u22120.45', amount: '-0.450000' },
  ])('reads "$cell" at amazon.$market', ({ market, cell, amount }) => {
    const { conversions } = imported([line('2026-02-03', cell, cell)], { marketplace: `www.amazon.${market}` });
    expect(conversions).toMatchObject([{ saleAmount: amount, commissionAmount: amount }]);
  });

  it.each(['', '-', 'n/a', '1e5', '4.50%'])('is set aside where "%s" stands for its earnings', (cell) => {
    expect(() => imported([line('2026-02-03', '24.99', cell)])).toThrow(/earnings cell/);
  });

  it.each([
    { market: 'com', cell: '2026-02-03 10:11:12', day: '2026-02-03' },
    { market: 'com', cell: 'February 3, 2026', day: '2026-02-03' },
    { market: 'com', cell: 'February 03 2026', day: '2026-02-03' },
    { market: 'com', cell: '02/03/2026', day: '2026-02-03' },
    { market: 'co.uk', cell: '03/02/2026', day: '2026-02-03' },
    { market: 'co.uk', cell: '02/13/2026', day: '2026-02-13' },
    { market: 'de', cell: '3. März 2026', day: '2026-03-03' },
    { market: 'es', cell: '3 de febrero de 2026', day: '2026-02-03' },
  ])('reads the day "$cell" at amazon.$market', ({ market, cell, day }) => {
    const { conversions } = imported([line(cell, '1.00', '0.10')], { marketplace: `www.amazon.${market}` });
    expect(conversions[0]?.occurredAt.toISOString()).toBe(`${day}T00:00:00.000Z`);
  });

  it('lets another row decide whether the month comes first', () => {
    const { conversions } = imported([line('03/02/2026', '1.00', '0.10'), line('25/02/2026', '1.00', '0.10')]);
    expect(conversions[0]?.occurredAt.toISOString()).toBe('2026-02-03T00:00:00.000Z');
  });

  it('takes currency and program from the marketplace', () => {
    const { conversions } = imported([line('2026-02-03', '1', '1', 'guide-7')], { marketplace: 'www.amazon.co.uk' });
    expect(conversions).toMatchObject([
      { currency: 'GBP', programId: 'www.amazon.co.uk', programName: 'Amazon.co.uk', subId: 'guide-7' },
    ]);
  });
});

describe('a report file', () => {
  it('replaces each of its days', () => {
    const { pages } = imported([
      line('2026-02-04', '1', '1'),
      line('2026-02-03', '1', '1'),
      'Total\t\t\t\t\t\t\t\t2\t2\t\t',
    ]);
    expect(pages.map((page) => (page as DaySnapshot).day)).toEqual(['2026-02-03', '2026-02-04']);
  });

  it('with a day in its name replaces that day only, even by nothing', () => {
    const fileName = 'mystore-20-earnings-report-20260203.tsv';
    const { pages } = imported([line('2026-02-02', '1', '1')], { fileName });
    expect(pages).toMatchObject([[{ day: '2026-02-02' }], { day: '2026-02-03', rows: [] }]);
  });

  it('uses the day in its name for a date that cannot be read', () => {
    const fileName = 'mystore-20-earnings-report-20260203.tsv';
    expect(imported([line('soon', '1', '1')], { fileName }).pages).toMatchObject([{ day: '2026-02-03', rows: [{}] }]);
  });

  it('is refused with line and column where a date cannot be read', () => {
    expect(() => imported([line('2026-02-03', '1', '1'), line('soon', '1', '1')])).toThrow(
      expect.objectContaining({ code: 'file', line: 3, column: 'Date Shipped' }),
    );
  });

  it.each([
    {
      name: 'Fee-Orders.csv',
      text: 'Category,Name,ASIN,Date,Qty,Price($),Link Type,Tag\nKitchen,Pan,B0,2026-02-03,1,9,asn,t-20',
    },
    {
      name: 'Fee-Tracking.csv',
      text: 'Tracking ID,Clicks,Items Ordered,Items Shipped,Revenue,Ad Fees\nt-20,4,1,1,9,1',
    },
  ])('$name makes no conversions', ({ name, text }) => {
    const file = recogniseFile(amazonAssociates, Buffer.from(text), name);
    expect([...file.pages(Buffer.from(text), name, settings())]).toEqual([]);
  });

  it.each([
    { name: 'a zip', bytes: Buffer.from('PK\x03\x04rest'), says: /Unpack it/ },
    { name: 'a cut gzip', bytes: gzipSync('x'.repeat(999)).subarray(0, 20), says: /damaged/ },
    { name: 'a file of another kind', bytes: Buffer.from('a,b\n1,2'), says: /Known are: Earnings report/ },
  ])('$name is refused in words', ({ bytes, says }) => {
    expect(() => recogniseFile(amazonAssociates, bytes, 'upload.bin')).toThrow(says);
  });
});

describe('the Creators API', () => {
  it.each([
    { version: '2.1', market: 'com', address: 'https://creatorsapi.auth.us-east-1.amazoncognito.com/oauth2/token' },
    { version: '2.2', market: 'de', address: 'https://creatorsapi.auth.eu-south-2.amazoncognito.com/oauth2/token' },
    { version: '2.3', market: 'co.jp', address: 'https://creatorsapi.auth.us-west-2.amazoncognito.com/oauth2/token' },
    { version: '3.1', market: 'com', address: 'https://api.amazon.com/auth/o2/token' },
    { version: '3.2', market: 'co.uk', address: 'https://api.amazon.co.uk/auth/o2/token' },
    { version: '3.3', market: 'com.au', address: 'https://api.amazon.co.jp/auth/o2/token' },
  ])('exchanges a key of version $version as that version wants it', async ({ version, market, address }) => {
    const isForm = version.startsWith('2');
    const { origin, pathname } = new URL(address);
    const body = {
      grant_type: 'client_credentials',
      client_id: 'EXAMPLE-ID',
      client_secret: 'EXAMPLE-SECRET',
      scope: isForm ? 'creatorsapi/default' : 'creatorsapi::default',
    };
    nock(origin)
      .matchHeader('content-type', isForm ? /x-www-form-urlencoded/ : /json/)
      .post(pathname, body)
      .reply(200, { access_token: 'TOKEN', token_type: 'Bearer' });
    nock(API)
      .matchHeader('authorization', isForm ? `Bearer TOKEN, Version ${version}` : 'Bearer TOKEN')
      .matchHeader('x-marketplace', `www.amazon.${market}`)
      .post('/reports/v1/listReports')
      .reply(200, { reports: [] });
    const credentials = settings({ credentialVersion: version, marketplace: `www.amazon.${market}` });
    expect((await amazonAssociates.check(clientFor(amazonAssociates, credentials), credentials)).label).toContain(
      'mystore-20',
    );
  });

  it('fetches the days of the window without the key, prefers TSV, and leaves other files alone', async () => {
    token();
    list(
      'mystore-20-earnings-report-20260203.xml.gz',
      'mystore-20-earnings-report-20260203.tsv.gz',
      'mystore-20-earnings-report-20260101.tsv.gz',
      'other-20-earnings-report-20260203.tsv.gz',
      'mystore-20-orders-report-20260203.tsv.gz',
      'mystore-20-earnings-report-2026.tsv.gz',
    );
    report(
      'mystore-20-earnings-report-20260203.tsv.gz',
      gzipSync([HEADER, line('2026-02-03', '24.99', '1.12')].join('\n')),
    );
    const pages = await ask('days');
    expect(pages).toMatchObject([{ day: '2026-02-03', rows: [{ earnings: '1.12' }] }]);
  });

  it('adds up the clicks of a day', async () => {
    token();
    list('mystore-20-tracking-report-20260203.tsv.gz');
    const lines = [
      'Associate ID\tClicks\tItems Ordered',
      'mystore-20\t1,204\t3',
      'mystore2-20\t6\t0',
      'Total\t1,210\t3',
    ];
    report('mystore-20-tracking-report-20260203.tsv.gz', gzipSync(lines.join('\n')));
    expect(await ask('clicks')).toEqual([{ day: '2026-02-03', rows: [{ day: '2026-02-03', clicks: 1210 }] }]);
  });

  it('calls a report in a new shape drift', async () => {
    token();
    list('mystore-20-earnings-report-20260203.tsv.gz');
    report('mystore-20-earnings-report-20260203.tsv.gz', gzipSync('Title\nSomething\telse\n1\t2'));
    await expect(ask('days')).rejects.toMatchObject({ code: 'drift' });
  });

  it('says what to do where the account may not use it', async () => {
    token();
    token(); // One new token is tried, as with any refused key.
    nock(API)
      .post('/reports/v1/listReports')
      .twice()
      .reply(403, { message: 'Not eligible', reason: 'AssociateNotEligible' });
    await expect(ask('days')).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringContaining('import the file'),
      networkWords: 'AssociateNotEligible: Not eligible',
    });
  });

  it.each([
    { name: 'there is no key', more: { credentialId: '', credentialSecret: '' }, says: 'import the file' },
    { name: 'the key is of another region', more: { credentialVersion: '2.2' }, says: 'www.amazon.com' },
  ])('asks nothing where $name', async ({ more, says }) => {
    const kept = Object.entries({ ...settings(), ...more }).filter(([, value]) => value !== '');
    await expect(ask('days', Object.fromEntries(kept))).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringContaining(says),
    });
  });

  it('refuses a key that does not know the store', async () => {
    token();
    list('other-20-earnings-report-20260203.tsv.gz');
    await expect(ask('days')).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringContaining('other-20'),
    });
  });

  it.each([
    { body: { error: 'invalid_client' }, code: 'credentials' },
    { body: { message: 'x', reason: 'InvalidAssociate' }, code: 'credentials' },
    { body: { message: 'x', reason: 'FieldValidationFailed' }, code: undefined },
  ])('reads a 400 with $body as $code', ({ body, code }) => {
    expect(amazonAssociates.explain?.({ status: 400, headers: {}, attempt: 1, body })?.code).toBe(code);
  });

  it('takes a dead pre-signed address for a fault, not for a refused key', () => {
    const answer = {
      status: 403,
      headers: {},
      attempt: 1,
      body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    };
    expect(amazonAssociates.explain?.(answer)).toMatchObject({ code: 'network' });
  });
});

describe('a link', () => {
  const target = {
    programId: 'www.amazon.com',
    destination: 'https://www.amazon.com/Steel-Pan/dp/B0TEST0001/ref=x?th=1',
    subId: null,
  };

  it.each([
    { name: 'to a product', more: {}, link: 'https://www.amazon.com/dp/B0TEST0001?tag=mystore-20' },
    {
      name: 'with a sub-id',
      more: { subId: 'guide-7' },
      link: 'https://www.amazon.com/dp/B0TEST0001?tag=mystore-20&ascsubtag=guide-7',
    },
    {
      name: 'with another tracking id',
      more: { placement: 'blog-20' },
      link: 'https://www.amazon.com/dp/B0TEST0001?tag=blog-20',
    },
    {
      name: 'to a page',
      more: { destination: 'https://amazon.com/b?node=7' },
      link: 'https://www.amazon.com/b?node=7&tag=mystore-20',
    },
  ])('$name', ({ more, link }) => {
    expect(amazonAssociates.link?.build({ ...target, ...more }, settings())).toBe(link);
  });

  it('leads to the marketplace of the account only', () => {
    const destination = 'https://www.amazon.de/dp/B0TEST0001';
    expect(() => amazonAssociates.link?.build({ ...target, destination }, settings())).toThrow(/not www.amazon.com/);
  });
});

function ask(pass: 'days' | 'clicks', credentials: Record<string, unknown> = settings()) {
  const stream = amazonAssociates.streams[pass === 'days' ? 'conversions' : 'clicks'];
  if (!stream) throw new Error(`There is no stream for ${pass}.`);
  const question = questionOf(amazonAssociates, pass, { start: '2026-02-01T00:00:00Z', end: '2026-02-10T00:00:00Z' });
  return collect(stream.pages(clientFor(amazonAssociates, credentials), question, credentials));
}

function token() {
  nock('https://creatorsapi.auth.us-east-1.amazoncognito.com')
    .post('/oauth2/token')
    .reply(200, { access_token: 'TOKEN', expires_in: 3600 });
}

function list(...names: string[]) {
  nock(API)
    .post('/reports/v1/listReports')
    .reply(200, { reports: names.map((filename) => ({ filename, md5: '0', size: 1, lastModified: 'x' })) });
}

function report(filename: string, bytes: Buffer) {
  nock(API)
    .post('/reports/v1/getReport', { filename })
    .reply(200, { url: `${STORAGE}/${filename}?X-Amz-Signature=s%2Fg` });
  nock(STORAGE, { badheaders: ['authorization', 'x-marketplace'] })
    .get(`/${filename}`)
    .query({ 'X-Amz-Signature': 's/g' })
    .reply(200, bytes);
}

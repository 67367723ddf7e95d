import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { CallLogEntry } from '../../../connectors/kit/call.ts';
import {
  CredentialsRefusedError,
  NetworkDownError,
  RateLimitedError,
  RequestRefusedError,
  SchemaDriftError,
  SetupError,
} from '../../../core/errors.ts';
import { exampleClient, exampleNetwork, HOST, SECRET, START, thrownBy } from './example-network.ts';

const Sales = z.object({ sales: z.array(z.unknown()) });
const EMPTY = { sales: [] };

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => nock.enableNetConnect());

it('asks with the key, our name and the query, and keeps every digit', async () => {
  nock(HOST, {
    reqheaders: { authorization: `Bearer ${SECRET}`, 'user-agent': /^Tributary\/\d/, accept: 'application/json' },
  })
    .get('/v2/sales?from=2026-03-01%2000%3A00&id=1&id=2&open=true')
    .reply(200, '{"sales":[{"earned":1234567890123456.789012}]}');
  const query = { from: '2026-03-01 00:00', id: ['1', '2'], open: true, until: undefined };
  expect(await exampleClient().http.get('/v2/sales', query, Sales)).toEqual({
    sales: [{ earned: '1234567890123456.789012' }],
  });
});

it('goes to the sandbox by the real host, and logs the real one', async () => {
  const lines: CallLogEntry[] = [];
  const { http } = exampleClient({ origin: 'http://127.0.0.1:4190/', log: (line) => lines.push(line) });
  nock('http://127.0.0.1:4190').get('/api.lumora.example/v2/sales').query({ key: SECRET }).reply(200, EMPTY);
  await http.get('/v2/sales', { key: SECRET }, Sales);
  expect(lines).toMatchObject([
    { method: 'GET', url: `${HOST}/v2/sales?key=[redacted]`, status: 200, attempt: 1, bytes: 12 },
  ]);
});

it.each([
  { name: 'a host that is not declared', path: 'https://evil.example/x' },
  { name: 'another host by a path', path: '//evil.example/x' },
  { name: 'plain http', path: 'http://api.lumora.example/x' },
  { name: 'another port', path: 'https://api.lumora.example:8443/x' },
  { name: 'a user in the address', path: 'https://a:b@api.lumora.example/x' },
])('does not call $name', async ({ path }) => {
  const { http } = exampleClient();
  const error = await thrownBy(http.get(path, {}, Sales));
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toContain('lumora may not call');
  expect(http.calls).toBe(0);
});

it.each([
  { status: 400, kind: RequestRefusedError },
  { status: 404, kind: RequestRefusedError },
  { status: 422, kind: RequestRefusedError },
  { status: 401, kind: CredentialsRefusedError },
  { status: 403, kind: CredentialsRefusedError },
  { status: 302, kind: SchemaDriftError },
])('$status is final, in the words of the network', async ({ status, kind }) => {
  nock(HOST)
    .get('/v2/sales')
    .reply(status, `<p>No, <b>not</b>\n with ${SECRET} &amp; co</p>`, { location: 'https://evil.example/' });
  const { http, clock } = exampleClient();
  const error = await thrownBy(http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(kind);
  expect(error.networkWords).toBe('No, not with [redacted] & co');
  expect(error.message).toContain('Lumora');
  expect([http.calls, clock.slept]).toEqual([1, []]);
});

it('waits 1, 4 and 16 seconds for a sick network, then says so', async () => {
  nock(HOST).get('/v2/sales').times(4).reply(502, '<html><style>p{}</style><h1>Bad   gateway</h1></html>');
  const { http, clock } = exampleClient();
  const error = await thrownBy(http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(NetworkDownError);
  expect(error.networkWords).toBe('Bad gateway');
  expect(clock.slept).toEqual([1000, 4000, 16_000]);
});

it.each([
  { name: 'a fault', reply: [500, 'oops'] as const },
  { name: 'a time-out of their own', reply: [499, ''] as const },
  { name: 'a page for people', reply: [200, '<!DOCTYPE html><html><body>We are mending it</body></html>'] as const },
  { name: 'half a body', reply: [200, '{"sales":[{"ref":"a}"},{"ref'] as const },
  { name: 'half a body that ends with a bracket', reply: [200, '{"sales":[{"ref":1}'] as const },
])('$name heals with the next attempt', async ({ reply: [status, body] }) => {
  nock(HOST).get('/v2/sales').reply(status, body).get('/v2/sales').reply(200, EMPTY);
  const { http, clock } = exampleClient();
  expect(await http.get('/v2/sales', {}, Sales)).toEqual(EMPTY);
  expect([http.calls, clock.slept]).toEqual([2, [1000]]);
});

it('tries again after a connection error, and shows its code only', async () => {
  nock(HOST)
    .get('/v2/sales')
    .times(4)
    .replyWithError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
  const { http } = exampleClient();
  const error = await thrownBy(http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(NetworkDownError);
  expect(error.message).toContain('ECONNRESET');
  expect(Object.keys(error.cause as object)).toEqual(['code']);
  expect(http.calls).toBe(4);
});

it.each([
  { name: 'seconds', status: 429, retryAfter: '7', waits: 7000 },
  { name: 'a date', status: 429, retryAfter: new Date(START.getTime() + 42_000).toUTCString(), waits: 42_000 },
  { name: 'a date that has passed', status: 429, retryAfter: 'Sun, 01 Feb 2026 00:00:00 GMT', waits: 1000 },
  { name: 'nothing', status: 429, retryAfter: undefined, waits: 60_000 },
  { name: 'nonsense', status: 503, retryAfter: 'soon', waits: 60_000 },
])('waits in place as long as the network says: $name', async ({ status, retryAfter, waits }) => {
  nock(HOST)
    .get('/v2/sales')
    .reply(status, '', retryAfter === undefined ? {} : { 'retry-after': retryAfter })
    .get('/v2/sales')
    .reply(200, EMPTY);
  const { http, clock } = exampleClient();
  await http.get('/v2/sales', {}, Sales);
  expect(clock.slept).toEqual([waits]);
});

it('gives a long wait back to the queue', async () => {
  nock(HOST).get('/v2/sales').reply(429, 'Quota of the day', { 'retry-after': '3600' });
  const { http, clock } = exampleClient();
  const error = await thrownBy(http.get('/v2/sales', {}, Sales));
  expect(error).toMatchObject({ retryAfterMs: 3_600_000, networkWords: 'Quota of the day' });
  expect(clock.slept).toEqual([]);
});

it.each([
  { status: 429, kind: RateLimitedError },
  { status: 503, kind: NetworkDownError },
])('gives up after three waits: $status', async ({ status, kind }) => {
  nock(HOST).get('/v2/sales').times(4).reply(status);
  const { http, clock } = exampleClient();
  expect(await thrownBy(http.get('/v2/sales', {}, Sales))).toBeInstanceOf(kind);
  expect(clock.slept).toEqual([60_000, 60_000, 60_000]);
});

it.each([
  { name: 'not at all', idempotent: undefined, calls: 1 },
  { name: 'where it is safe', idempotent: true, calls: 4 },
])('repeats a POST $name', async ({ idempotent, calls }) => {
  nock(HOST).post('/v2/report', { day: 1 }).times(calls).reply(500);
  const { http } = exampleClient();
  const post = { json: { day: 1 }, ...(idempotent && { idempotent }) };
  expect(await thrownBy(http.post('/v2/report', post, Sales))).toBeInstanceOf(NetworkDownError);
  expect(http.calls).toBe(calls);
});

it('posts a form', async () => {
  nock(HOST, { reqheaders: { 'content-type': 'application/x-www-form-urlencoded', 'x-scope': 'a' } })
    .post('/token', 'grant_type=client&b=%26')
    .reply(200, EMPTY);
  const post = { form: { grant_type: 'client', b: '&' }, headers: { 'X-Scope': 'a' } };
  expect(await exampleClient().http.post('/token', post, Sales)).toEqual(EMPTY);
});

it('lets the envelope decide about nothing at all', async () => {
  nock(HOST).get('/v2/sales').reply(204).get('/v2/sales').reply(200, '').get('/v2/sales').reply(204);
  const { http } = exampleClient();
  expect(await http.get('/v2/sales', {}, Sales.nullish())).toBeUndefined();
  expect(await http.get('/v2/sales', {}, Sales.nullish())).toBeUndefined();
  expect(await thrownBy(http.get('/v2/sales', {}, Sales))).toBeInstanceOf(SchemaDriftError);
});

it('names the first place of a new shape and keeps a sample without the key', async () => {
  const padding = 'ü'.repeat(70_000);
  nock(HOST).get('/v2/sales').query({ key: SECRET }).reply(200, { sales: 'none', key: SECRET, padding });
  const error = await thrownBy(exampleClient().http.get('/v2/sales', { key: SECRET }, Sales));
  expect(error).toBeInstanceOf(SchemaDriftError);
  expect(error.message).toMatch(/Lumora answered GET \/v2\/sales in a new shape: at "sales", .*expected array/);
  const { sample } = error as unknown as SchemaDriftError;
  expect(sample).toMatchObject({ method: 'GET', url: `${HOST}/v2/sales?key=[redacted]`, status: 200 });
  expect(sample?.body).toContain('"key":"[redacted]"');
  expect(Buffer.byteLength(sample?.body ?? '')).toBeLessThanOrEqual(64 * 1024);
});

it('calls text that is no data a new shape', async () => {
  nock(HOST).get('/v2/sales').reply(200, 'everything is fine');
  expect(await thrownBy(exampleClient().http.get('/v2/sales', {}, Sales))).toBeInstanceOf(SchemaDriftError);
});

it('reads the charset that an answer declares', async () => {
  const body = Buffer.from('{"sales":["Café \x80"]}', 'latin1');
  nock(HOST).get('/v2/sales').reply(200, body, { 'content-type': 'application/json; charset=ISO-8859-1' });
  expect(await exampleClient().http.get('/v2/sales', {}, Sales)).toEqual({ sales: ['Café €'] });
});

it('reads XML as text, and half of it as an illness', async () => {
  nock(HOST)
    .get('/v2/list')
    .reply(200, '<list total="02"><item>00012.30</it')
    .get('/v2/list')
    .reply(200, '<list total="02"><item>00012.30</item></list>');
  const { http } = exampleClient();
  const List = z.object({ list: z.object({ '@total': z.string(), item: z.array(z.string()) }) });
  expect(await http.xml('/v2/list', {}, ['item'], List)).toEqual({ list: { '@total': '02', item: ['00012.30'] } });
  expect(http.calls).toBe(2);
});

it('asks the connector first, whatever the status', async () => {
  const explain = ({ body, attempt }: { body: unknown; attempt: number }) => {
    if (body === 'slow down') return new RateLimitedError('Lumora throttles.', 5000);
    if (body === 'asleep') return new NetworkDownError('Lumora sleeps.');
    const { fault } = body as { fault?: string };
    return fault ? new RequestRefusedError(`Lumora says ${fault} (${attempt}).`, { networkWords: fault }) : null;
  };
  nock(HOST)
    .get('/v2/sales')
    .reply(403, 'slow down')
    .get('/v2/sales')
    .reply(200, 'asleep')
    .get('/v2/sales')
    .reply(200, { fault: `bad ${SECRET}` });
  const { http, clock } = exampleClient({ connector: exampleNetwork({ explain }) });
  const error = await thrownBy(http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(RequestRefusedError);
  expect(error.message).toBe('Lumora says bad [redacted] (3).');
  expect(clock.slept).toEqual([5000, 1000]);
});

it('leaves compressed files as they are, and undoes what the transport compressed', async () => {
  const file = gzipSync('a,b\n1,2\n');
  nock(HOST).get('/report.csv.gz').reply(200, file, { 'content-type': 'application/gzip' });
  nock(HOST).get('/report.csv').reply(200, file, { 'content-encoding': 'gzip' });
  const { http } = exampleClient();
  expect(await http.bytes('/report.csv.gz')).toEqual(file);
  expect((await http.bytes('/report.csv')).toString()).toBe('a,b\n1,2\n');
});

it('follows a file one step to a declared host, without the key', async () => {
  nock(HOST)
    .get('/download')
    .matchHeader('authorization', /Bearer/)
    .reply(302, '', { location: 'https://files.lumora.example/f?sig=1%2F2' });
  nock('https://files.lumora.example', { badheaders: ['authorization'] })
    .get('/f?sig=1%2F2')
    .reply(200, 'a,b');
  expect((await exampleClient().http.bytes('/download')).toString()).toBe('a,b');
});

it.each([
  { name: 'to a host that is not declared', steps: ['https://evil.example/f'] },
  { name: 'a second time', steps: ['https://files.lumora.example/f', 'https://files.lumora.example/g'] },
])('does not follow a file $name', async ({ steps }) => {
  const [first = '', second] = steps;
  nock(HOST).get('/download').reply(302, '', { location: first });
  if (second) nock('https://files.lumora.example').get('/f').reply(302, '', { location: second });
  expect(await thrownBy(exampleClient().http.bytes('/download'))).toBeInstanceOf(SchemaDriftError);
});

it('sends no key to an address that carries its own', async () => {
  nock('https://files.lumora.example', { badheaders: ['authorization'] })
    .get('/f')
    .query({ sig: '1' })
    .reply(200, 'a,b');
  expect(
    (await exampleClient().http.bytes('https://files.lumora.example/f?sig=1', {}, { anonymous: true })).toString(),
  ).toBe('a,b');
});

it('does not blame the key for a link that has died, nor ask the connector about it', async () => {
  nock(HOST).get('/download').times(4).reply(302, '', { location: 'https://files.lumora.example/f' });
  nock('https://files.lumora.example').get('/f').times(4).reply(403, '<Error/>');
  const explain = ({ status }: { status: number }) => (status === 403 ? new CredentialsRefusedError('No.') : null);
  const { http } = exampleClient({ connector: exampleNetwork({ explain }) });
  expect(await thrownBy(http.bytes('/download'))).toBeInstanceOf(NetworkDownError);
});

it('cuts long words only when they are clean', async () => {
  const words = `${'x'.repeat(290)}${SECRET}`;
  const explain = () => new CredentialsRefusedError('No.', { networkWords: words });
  nock(HOST).get('/v2/sales').reply(200, EMPTY);
  const { http } = exampleClient({ connector: exampleNetwork({ explain }) });
  expect((await thrownBy(http.get('/v2/sales', {}, Sales))).networkWords).toBe(`${'x'.repeat(290)}[redacted]`);
});

it('goes to storage of an unknown name, but never with the key', async () => {
  const connector = exampleNetwork({ hosts: ['api.lumora.example', '*.storage.example'] });
  const { http } = exampleClient({ connector });
  nock('https://b1.storage.example', { badheaders: ['authorization'] })
    .get('/f')
    .reply(200, 'a,b');
  expect((await http.bytes('https://b1.storage.example/f', {}, { anonymous: true })).toString()).toBe('a,b');
  expect(await thrownBy(http.bytes('https://b1.storage.example/f'))).toBeInstanceOf(SetupError);
  expect(await thrownBy(http.bytes('https://storage.example/f', {}, { anonymous: true }))).toBeInstanceOf(SetupError);
});

it('shows the key nowhere, in no form', async () => {
  const basic = Buffer.from(`440022:${SECRET}`).toString('base64');
  const forms = [
    SECRET,
    encodeURIComponent(SECRET),
    Buffer.from(SECRET).toString('base64'),
    basic,
    encodeURIComponent(basic),
  ];
  const lines: unknown[] = [];
  for (const status of [200, 302, 400, 401, 429, 500]) {
    const { http } = exampleClient({ log: (line) => lines.push(line) });
    nock(HOST)
      .get(/sales/)
      .times(status === 500 ? 4 : 1)
      .reply(status, { echo: forms }, { 'retry-after': '99' });
    const error = await thrownBy(
      http.get(`/v2/sales/${encodeURIComponent(SECRET)}?basic=${basic}`, { key: SECRET }, Sales),
    );
    lines.push(
      inspect(error, { depth: 10, showHidden: true }),
      JSON.stringify(error),
      error.stack,
      String(error.cause),
    );
  }
  nock(HOST).get(/sales/).times(4).replyWithError(`connect failed for Bearer ${SECRET}`);
  const error = await thrownBy(exampleClient().http.get('/v2/sales', { key: SECRET }, Sales));
  lines.push(inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error));
  const everything = inspect(lines, { depth: 10, maxStringLength: null, maxArrayLength: null });
  expect(everything).toContain('[redacted]');
  for (const form of forms) expect(everything).not.toContain(form);
});

it('ends with the reason of the job, and waits no longer', async () => {
  const job = new AbortController();
  const reason = new Error('drained');
  nock(HOST).get('/v2/sales').delay(5000).reply(200, EMPTY);
  setTimeout(() => job.abort(reason), 20);
  expect(await thrownBy(exampleClient({ signal: job.signal }).http.get('/v2/sales', {}, Sales))).toBe(reason);
});

it('refuses a key that no header can carry before it calls anyone', async () => {
  const { http } = exampleClient({ credentials: { accountId: '1', apiKey: 'broken\nkey' } });
  const error = await thrownBy(http.get('/v2/sales', {}, Sales));
  expect(error).toBeInstanceOf(CredentialsRefusedError);
  expect(http.calls).toBe(0);
});

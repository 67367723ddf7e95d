import { gunzipSync, gzipSync } from 'node:zlib';
import { AxiosHeaders } from 'axios';
import { describe, expect, it } from 'vitest';
import { amazonAssociates } from '../../connectors/amazon-associates/index.ts';
import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import { withPlaceholders } from '../../connectors/placeholder.ts';
import { type RecordedExchange, recordPass, toRecording } from '../../connectors/record.ts';
import { replay } from '../../connectors/replay.ts';
import { withoutPeople } from '../../connectors/without-people.ts';
import { patientClock } from '../support/connector-client.ts';

const SECRET = 'planted-secret-ü/+1';
const FILE = 'mystore-20-earnings-report-20260203.tsv.gz';
const TSV = [
  'Item\tASIN\tTracking ID\tDate Shipped\tQuantity\tRevenue\tEarnings',
  'Pan\tB0TEST0001\tmystore-20\t2026-02-03\t1\t24.99\t1.12',
].join('\n');

/** What the network would answer, by path. Tokens, signatures and echoes of the key are everywhere. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/auth/o2/token': { access_token: 'planted-token', expires_in: 3600 },
  '/reports/v1/listReports': { reports: [{ filename: FILE }], echo: SECRET },
  '/reports/v1/getReport': {
    url: `https://bucket.s3.amazonaws.com/${FILE}?X-Amz-Signature=planted-signature&X-Amz-Expires=60`,
  },
  [`/${FILE}`]: gzipSync(`${TSV}\nplanted-token`),
};

async function record(answers: Readonly<Record<string, unknown>> = ANSWERS) {
  const clock = patientClock();
  const credentials = amazonAssociates.credentials.parse({
    marketplace: 'www.amazon.com',
    credentialId: 'EXAMPLE-ID',
    credentialSecret: SECRET,
    credentialVersion: '3.1',
  });
  return recordPass({
    connector: amazonAssociates,
    credentials,
    clock,
    limiter: memoryLimiter(clock),
    tokens: memoryTokenStore(),
    stream: 'conversions',
    passName: 'days',
    window: { start: new Date('2026-02-01T00:00:00Z'), end: new Date('2026-02-10T00:00:00Z') },
    inner: async (config) => {
      const answer = answers[new URL(config.url ?? '').pathname];
      const data = Buffer.isBuffer(answer) ? answer : Buffer.from(JSON.stringify(answer));
      const headers = new AxiosHeaders({
        'content-type': 'application/json',
        'set-cookie': 'planted-cookie',
        'Retry-After': '1',
      });
      return { data, status: 200, statusText: '', headers, config };
    },
  });
}

describe('a recording of a pass', () => {
  it('replays to the conversions that the network told of', async () => {
    const { recording, error } = await record();
    expect(error).toBeNull();
    expect(await replay(recording, amazonAssociates)).toMatchObject([
      { commissionAmount: '1.12', saleAmount: '24.99' },
    ]);
  });

  it('holds no secret, token, signature or cookie', async () => {
    const { recording } = await record();
    const bodies = [...recording.bodies.values()].map((body) =>
      (body[0] === 0x1f ? gunzipSync(body) : body).toString(),
    );
    const whole = JSON.stringify(recording.case) + bodies.join('\n');
    expect(whole).toContain('listReports');
    expect(whole).not.toMatch(/planted/);
    expect(recording.case.config).toMatchObject({ marketplace: 'www.amazon.com', credentialId: 'EXAMPLE-ID' });
    expect(recording.case.responses[1]?.headers).toEqual({ 'retry-after': '1' });
  });

  it('ends with the answer that could not be read, which is the one to look at', async () => {
    const { recording, error } = await record({ ...ANSWERS, '/reports/v1/listReports': { files: [] } });
    expect(error).toMatchObject({ code: 'drift' });
    expect(await replay(recording, amazonAssociates)).toEqual({ error: 'drift' });
  });

  it('keeps values that a query repeats, and answers without a body', () => {
    const exchange: RecordedExchange = {
      method: 'GET',
      url: 'https://a.example/x/?a=1&a=2',
      status: 500,
      headers: {},
      body: Buffer.alloc(0),
    };
    const { case: made, bodies } = toRecording(amazonAssociates, {}, 'days', [exchange]);
    expect(made.responses).toMatchObject([
      { request: { url: 'https://a.example/x/', query: { a: ['1', '2'] } }, status: 500, bodyFile: null },
    ]);
    expect(bodies.size).toBe(0);
  });
});

it.each([
  {
    text: '{"id":1,"CustomerCity":"Oslo \\"x\\"","ipHash":"ab","country":"NO"}',
    clean: '{"id":1,"CustomerCity":null,"ipHash":null,"country":"NO"}',
  },
  { text: '{"user_agent": "Moz", "tip": "a", "ip": "1.2.3.4"}', clean: '{"user_agent": null, "tip": "a", "ip": null}' },
  {
    text: '<a><CustomerPostCode>123</CustomerPostCode><Zip>1</Zip></a>',
    clean: '<a><CustomerPostCode></CustomerPostCode><Zip>1</Zip></a>',
  },
  { text: '<a ip="1.2.3.4" tip="b"/>', clean: '<a ip="" tip="b"/>' },
])('people are removed: $text', ({ text, clean }) => {
  expect(withoutPeople(text)).toBe(clean);
});

it('settings that a recording leaves out get placeholders, optional ones only where all are wanted', () => {
  expect(withPlaceholders(amazonAssociates.credentials, {})).toEqual({ marketplace: 'www.amazon.com' });
  const wholly = withPlaceholders(amazonAssociates.credentials, { storeId: 20 }, { wholly: true });
  expect(wholly).toMatchObject({ storeId: '20', credentialVersion: '2.1', currency: 'EUR' });
});

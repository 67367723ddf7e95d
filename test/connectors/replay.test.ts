import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineConnector } from '../../connectors/contract.ts';
import { byCursor } from '../../connectors/kit/paginate.ts';
import { RecordingCase, type ReplayResult } from '../../connectors/recording.ts';
import { readExpected, readRecording, writeRecording } from '../../connectors/recording-files.ts';
import { replay } from '../../connectors/replay.ts';
import { compareWithExpected } from '../../connectors/replay-result.ts';
import { decimal } from '../../core/money.ts';

const API = 'https://api.lumora.example';
const WINDOW = { maxWindowDays: 31, lookbackDays: 2 } as const;
const Sales = z.object({ sales: z.array(z.unknown()), next: z.string().nullish() });
const Sale = z.object({
  ref: z.string(),
  state: z.enum(['approved', 'pending', 'reversed']),
  changed: z.iso.datetime().optional(),
});

/** A network with a token, pages, two passes on one address, a pass by ids, programs and a list of what is paid. */
const lumora = defineConnector({
  id: 'lumora',
  name: 'Lumora Partners',
  docsUrl: 'https://docs.lumora.example',
  verifiedOn: null,
  hosts: ['api.lumora.example', 'login.lumora.example'],
  limits: { perMinute: 1, parallel: 1 },
  credentials: z.object({
    apiKey: z
      .string()
      .regex(/^LU[A-Z]{3}\d{20,}$/)
      .meta({ title: 'Key', secret: true }),
  }),
  reports: { timeZone: 'UTC', currency: 'row' },
  token: {
    async exchange(http) {
      const Token = z.object({ token: z.string() });
      return { value: (await http.post('https://login.lumora.example/token', {}, Token)).token, expiresInSeconds: 60 };
    },
  },
  authorise: (_credentials, token) => ({ authorization: `Bearer ${token}` }),
  check: async () => ({ label: 'x', currency: null }),
  streams: {
    conversions: {
      passes: [
        { name: 'new', by: 'created', every: 'hour', ...WINDOW },
        { name: 'settling', by: 'changed', every: 'night', ...WINDOW },
        { name: 'open', by: 'open-ids', every: 'night', ...WINDOW, idsPerQuestion: 1, openStatuses: ['pending'] },
      ],
      async *pages(http, { pass, ids, start }) {
        if (pass.by === 'open-ids') return yield (await http.get('/sales/by-id', { ids: ids.join(',') }, Sales)).sales;
        const query = { by: pass.by, from: start.toISOString() };
        const fetchPage = (after?: string) => http.get('/sales', { ...query, after }, Sales);
        for await (const page of byCursor(fetchPage, ({ next }) => next)) yield page.sales;
      },
      normalise(raw) {
        const { ref, state, changed } = Sale.parse(raw);
        return {
          networkTransactionId: ref,
          status: state,
          statusRaw: state,
          saleAmount: decimal('10'),
          commissionAmount: decimal('1.5'),
          currency: 'EUR',
          occurredAt: new Date('2026-03-01T10:00:00.900Z'),
          updatedAt: changed ? new Date(changed) : null,
          programId: '7',
        };
      },
    },
    programs: {
      passes: [{ name: 'programs', by: 'list', every: 'night', ...WINDOW }],
      async *pages(http) {
        yield await http.get('/programs', {}, z.array(z.unknown()));
      },
      normalise: () => ({ programId: '7', name: 'Acme', status: null, currency: null, url: null }),
    },
    settlements: {
      passes: [{ name: 'settled', by: 'list', every: 'night', ...WINDOW }],
      async *pages(http) {
        yield await http.get('/settled', {}, z.array(z.unknown()));
      },
      normalise: (raw) => ({ networkTransactionId: String(raw), paymentRef: 'p', paidAt: null }),
    },
  },
});

interface Told {
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly method?: string;
}

/** Replays these answers, in this order. */
function told(answers: readonly Told[], pass?: string): Promise<ReplayResult> {
  const bodies = new Map(answers.map(({ body }, index) => [`${index}.json`, Buffer.from(JSON.stringify(body ?? {}))]));
  const responses = answers.map(({ path, query = {}, status = 200, headers = {}, method = 'GET' }, index) => ({
    request: { method, url: path.startsWith('/') ? `${API}${path}` : path, query },
    status,
    contentType: 'application/json',
    headers,
    bodyFile: `${index}.json`,
  }));
  return replay({ case: RecordingCase.parse({ network: 'lumora', pass, responses }), bodies }, lumora);
}

const sale = (ref: string, state: string, changed?: string) => ({ ref, state, changed });
const sales = (...rows: unknown[]) => ({ sales: rows });
const statuses = (result: ReplayResult) =>
  'error' in result
    ? result
    : Object.fromEntries(result.map(({ networkTransactionId, status }) => [networkTransactionId, status]));

describe('a replay', () => {
  it('prints exact amounts, seconds, and names from the list of programs', async () => {
    const result = await told([
      { path: '/sales', body: sales(sale('1', 'pending')) },
      { path: '/programs', body: [{}] },
    ]);
    expect(result).toEqual([
      {
        networkTransactionId: '1',
        status: 'pending',
        saleAmount: '10.00',
        commissionAmount: '1.50',
        currency: 'EUR',
        occurredAt: '2026-03-01T10:00:00Z',
        clickedAt: null,
        programId: '7',
        programName: 'Acme',
        subId: null,
      },
    ]);
  });

  it('follows pages, and ends without an error where the recording does', async () => {
    const first = { ...sales(sale('1', 'pending')), next: 'b' };
    const second = { ...sales(sale('2', 'approved')), next: 'c' };
    expect(
      statuses(
        await told([
          { path: '/sales', body: first },
          { path: '/sales', body: second },
        ]),
      ),
    ).toEqual({
      1: 'pending',
      2: 'approved',
    });
  });

  it('lets the later answer count, whichever pass it was given to', async () => {
    const later = [
      { path: '/sales', query: { by: 'changed' }, body: sales(sale('1', 'approved')) },
      { path: '/sales', query: { by: 'created' }, body: sales(sale('1', 'reversed')) },
    ];
    expect(statuses(await told(later))).toEqual({ 1: 'reversed' });
    expect(statuses(await told(later.toReversed()))).toEqual({ 1: 'approved' });
  });

  it('keeps the order of the answers, however much alike a later one is', async () => {
    const result = await told([
      { path: '/sales', query: { by: 'changed' }, body: sales(sale('1', 'approved')) },
      {
        path: '/sales',
        query: { by: 'created', from: '2000-01-01T00:00:00.000Z' },
        body: sales(sale('1', 'reversed')),
      },
    ]);
    expect(statuses(result)).toEqual({ 1: 'reversed' });
  });

  it("lets the network's own time of change decide where it gives one", async () => {
    const result = await told([
      { path: '/sales', body: sales(sale('1', 'approved', '2026-03-05T00:00:00Z')) },
      { path: '/sales', body: sales(sale('1', 'pending', '2026-03-04T00:00:00Z')) },
    ]);
    expect(statuses(result)).toEqual({ 1: 'approved' });
  });

  it('runs the named pass alone, with the answer that shares most of its query', async () => {
    const result = await told(
      [
        { path: '/sales', query: { by: 'created' }, body: sales(sale('1', 'pending')) },
        { path: '/sales', query: { by: 'changed' }, body: { ...sales(sale('2', 'pending')), next: null } },
        { path: '/settled', body: ['2'] },
      ],
      'settling',
    );
    expect(Object.keys(statuses(result))).toContain('2');
    expect(statuses(result)).not.toMatchObject({ 2: 'paid' });
  });

  it('asks about open ids, one question after the other, and marks what is settled', async () => {
    const result = await told([
      { path: '/sales', body: sales(sale('1', 'pending'), sale('2', 'pending'), sale('3', 'approved')) },
      { path: '/sales/by-id', query: { ids: '2' }, body: sales(sale('2', 'approved')) },
      { path: '/sales/by-id', query: { ids: '1' }, body: sales(sale('1', 'reversed')) },
      { path: '/settled', body: ['1', '3'] },
    ]);
    expect(statuses(result)).toEqual({ 1: 'reversed', 2: 'approved', 3: 'paid' });
  });

  it('sets a row aside that cannot be read whole', async () => {
    expect(statuses(await told([{ path: '/sales', body: sales(sale('1', 'odd'), sale('2', 'pending')) }]))).toEqual({
      2: 'pending',
    });
  });

  it.each([
    { name: 'short', wait: '7' },
    { name: 'long', wait: '7200' },
  ])('takes a $name wait as zero time', async ({ wait }) => {
    const busy = { path: '/sales', status: 429, headers: { 'retry-after': wait } };
    const result = await told([busy, { path: '/sales', body: sales(sale('1', 'pending')) }]);
    expect(statuses(result)).toEqual({ 1: 'pending' });
  });

  it.each([
    { name: 'a refused key', answers: [{ path: '/sales', status: 401 }], error: 'credentials' },
    { name: 'a used-up quota', answers: [{ path: '/sales', status: 429 }], error: 'quota' },
    { name: 'an outage', answers: [{ path: '/sales', status: 500 }], error: 'network' },
    { name: 'a refused question', answers: [{ path: '/sales', status: 400 }], error: 'request' },
    { name: 'a new shape', answers: [{ path: '/sales', body: { rows: [] } }], error: 'drift' },
    {
      name: 'a refused exchange',
      answers: [{ method: 'POST', path: 'https://login.lumora.example/token', status: 401 }],
      error: 'credentials',
    },
  ])('ends with $name', async ({ answers, error }) => {
    expect(await told(answers)).toEqual({ error });
  });
});

describe('a comparison with what was expected', () => {
  const actual = [
    {
      networkTransactionId: '1',
      status: 'approved',
      saleAmount: '10.00',
      commissionAmount: '1.50',
      currency: 'EUR',
      occurredAt: '2026-03-01T10:00:00Z',
      clickedAt: null,
      programId: '7',
      programName: null,
      subId: null,
    },
  ];

  it.each([
    {
      name: 'amounts as numbers, times with another offset',
      row: { saleAmount: 10, occurredAt: '2026-03-01T11:00:00+01:00' },
    },
    { name: 'keys left out', row: {} },
    { name: 'null where nothing was said', row: { clickedAt: null, subId: null } },
  ])('accepts $name', ({ row }) => {
    expect(compareWithExpected(actual, [{ networkTransactionId: '1', ...row }])).toEqual([]);
  });

  it.each([
    { name: 'an amount', row: { commissionAmount: '1.51' }, says: 'commissionAmount is "1.50", expected was "1.51"' },
    { name: 'a time', row: { occurredAt: '2026-03-01T10:00:01Z' }, says: 'occurredAt' },
    { name: 'a missing value', row: { subId: 'guide-7' }, says: 'subId is null' },
    { name: 'an unknown key', row: { shade: 'red' }, says: 'shade is nothing' },
  ])('names $name', ({ row, says }) => {
    expect(compareWithExpected(actual, [{ networkTransactionId: '1', ...row }])).toEqual([
      expect.stringContaining(says),
    ]);
  });

  it('names rows that are missing or too many, and another outcome', () => {
    expect(compareWithExpected(actual, [{ networkTransactionId: '2' }])).toEqual([
      'Conversion 2 is missing.',
      'Conversion 1 was not expected.',
    ]);
    expect(compareWithExpected(actual, { error: 'quota' })).toHaveLength(1);
    expect(compareWithExpected({ error: 'quota' }, { error: 'quota' })).toEqual([]);
  });
});

describe('a recording on disk', () => {
  it('comes back as it was written', async () => {
    const dir = join(await mkdtemp(join(tmpdir(), 'recording-')), 'case');
    const responses = [{ request: { upload: 'a.csv' }, bodyFile: 'a.csv' }];
    const recording = {
      case: RecordingCase.parse({ network: 'lumora', responses }),
      bodies: new Map([['a.csv', Buffer.from([0, 255])]]),
    };
    await writeRecording(dir, recording, { error: 'quota' });
    expect((await readRecording(dir)).bodies).toEqual(recording.bodies);
    expect(await readExpected(dir)).toEqual({ error: 'quota' });
  });

  it('is refused where it reaches out of its folder, or is none', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'recording-'));
    await expect(readRecording(dir)).rejects.toThrow(/case\.json/);
    const responses = [{ request: { upload: 'a' }, bodyFile: '../secret' }];
    await writeFile(join(dir, 'case.json'), JSON.stringify({ network: 'lumora', responses }));
    await expect(readRecording(dir)).rejects.toThrow(/outside its folder/);
    expect(await readFile(join(dir, 'case.json'), 'utf8')).toContain('secret');
  });
});

import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { decimal } from '../../../core/money.ts';
import { addDays } from '../../../core/time-window.ts';
import { bookAt } from '../../../sandbox/book.ts';
import { earningsCsv } from '../../../sandbox/networks/amazon-reports.ts';
import { START, type Stage, stage } from '../sandbox-client.ts';

const API = 'https://creatorsapi.amazon/reports/v1';
const TOKEN_URLS: Record<string, string> = {
  '2.1': 'https://creatorsapi.auth.us-east-1.amazoncognito.com/oauth2/token',
  '2.2': 'https://creatorsapi.auth.eu-south-2.amazoncognito.com/oauth2/token',
  '2.3': 'https://creatorsapi.auth.us-west-2.amazoncognito.com/oauth2/token',
  '3.1': 'https://api.amazon.com/auth/o2/token',
  '3.2': 'https://api.amazon.co.uk/auth/o2/token',
  '3.3': 'https://api.amazon.co.jp/auth/o2/token',
};

interface Listed {
  readonly filename: string;
  readonly md5: string;
  readonly size: number;
}

function tokenFor({ client, sandbox }: Stage, url?: string) {
  const {
    credentialId = '',
    credentialSecret = '',
    credentialVersion = '',
  } = sandbox.credentialsFor('amazon-associates');
  const fields = { grant_type: 'client_credentials', client_id: credentialId, client_secret: credentialSecret };
  const address = url ?? TOKEN_URLS[credentialVersion] ?? '';
  if (credentialVersion.startsWith('3')) return client.post(address, { ...fields, scope: 'creatorsapi::default' });
  return client.post(address, new URLSearchParams({ ...fields, scope: 'creatorsapi/default' }).toString(), {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
}

async function headersFor(on: Stage) {
  const { data } = await tokenFor(on);
  const { credentialVersion = '', marketplace = '' } = on.sandbox.credentialsFor('amazon-associates');
  const version = credentialVersion.startsWith('2') ? `, Version ${credentialVersion}` : '';
  return { authorization: `Bearer ${data.access_token}${version}`, 'x-marketplace': marketplace };
}

async function list(on: Stage): Promise<Listed[]> {
  const { data } = await on.client.post(`${API}/listReports`, {}, { headers: await headersFor(on) });
  return data.reports;
}

async function fetchFile(on: Stage, filename: string): Promise<Buffer> {
  await on.clock.sleep(1_000);
  const { data } = await on.client.post(`${API}/getReport`, { filename }, { headers: await headersFor(on) });
  const { data: bytes } = await on.client.get(data.url, { responseType: 'arraybuffer' });
  return bytes;
}

function rowsOf(bytes: Buffer): Record<string, string>[] {
  return parse(gunzipSync(bytes), { delimiter: '\t', from_line: 2, columns: true });
}

describe('amazon-associates', () => {
  it.each([1, 2, 3, 4, 5, 6])('tells in its earnings files just what the book holds (seed %i)', async (seed) => {
    const on = stage({ seed, day: 40, salesPerDay: 2 });
    const now = on.clock.now();
    const files = (await list(on)).filter(({ filename }) => filename.includes('-earnings-'));
    const rows: Record<string, string>[] = [];
    for (const { filename, md5, size } of files) {
      const bytes = await fetchFile(on, filename);
      expect({ md5: createHash('md5').update(bytes).digest('hex'), size: bytes.length }).toEqual({ md5, size });
      rows.push(...rowsOf(bytes));
    }
    const key = (row: { day: string; sale: string; commission: string; subId: string | null }) =>
      `${row.day} ${row.sale} ${row.commission} ${row.subId}`;
    const told = rows.map((row) => ({
      day: row['Date Shipped'] ?? '',
      sale: decimal(row.Revenue ?? ''),
      commission: decimal(row.Earnings ?? ''),
      subId: row['Sub Tag'] === undefined || row['Sub Tag'] === '-' ? null : row['Sub Tag'],
    }));
    const booked = bookAt(on.world, 'amazon-associates', now).map((row) => ({
      day: row.occurredAt.toISOString().slice(0, 10),
      sale: row.saleAmount,
      commission: row.commissionAmount,
      subId: row.subId,
    }));
    expect(booked.length).toBeGreaterThan(30);
    expect(told.map(key).sort()).toEqual(booked.map(key).sort());
  });

  it('corrects some files a day later, under a new checksum', async () => {
    const on = stage({ day: 1 });
    const sums = new Map<string, string>();
    const corrected: string[] = [];
    for (let day = 1; day < 60; day += 1) {
      for (const { filename, md5 } of await list(on)) {
        if (sums.has(filename) && sums.get(filename) !== md5) corrected.push(filename);
        sums.set(filename, md5);
      }
      await on.clock.sleep(86_400_000);
    }
    expect(corrected.length).toBeGreaterThan(2);
    expect(new Set(corrected).size).toBe(corrected.length);
    expect(corrected.every((filename) => filename.includes('-earnings-'))).toBe(true);
  });

  it('knows a credential in its own region only', async () => {
    const on = stage();
    const { credentialVersion = '' } = on.sandbox.credentialsFor('amazon-associates');
    expect((await tokenFor(on)).status).toBe(200);
    const elsewhere = Object.entries(TOKEN_URLS).find(
      ([version]) => version[0] === credentialVersion[0] && version !== credentialVersion,
    );
    const { status, data } = await tokenFor(on, elsewhere?.[1]);
    expect([400, 401]).toContain(status);
    expect(data.error).toBe('invalid_client');
  });

  it.each([
    { name: 'no key', change: { authorization: undefined }, status: 401, reason: 'MissingCredential' },
    {
      name: 'a wrong key',
      change: { authorization: 'Bearer wrong, Version 2.1' },
      status: 401,
      reason: 'InvalidToken',
    },
    {
      name: 'another marketplace',
      change: { 'x-marketplace': 'www.amazon.se' },
      status: 400,
      reason: 'InvalidAssociate',
    },
  ])('refuses $name', async ({ change, status, reason }) => {
    const on = stage();
    const answer = await on.client.post(
      `${API}/listReports`,
      {},
      { headers: { ...(await headersFor(on)), ...change } },
    );
    expect({ status: answer.status, reason: answer.data.reason }).toEqual({ status, reason });
  });

  it('says that a token has expired, and that a file is not there', async () => {
    const on = stage();
    const headers = await headersFor(on);
    const missing = await on.client.post(
      `${API}/getReport`,
      { filename: 'x-earnings-report-20260201.tsv.gz' },
      { headers },
    );
    expect(missing.status).toBe(404);
    await on.clock.sleep(3_600_000);
    const late = await on.client.post(`${API}/listReports`, {}, { headers });
    expect({ status: late.status, reason: late.data.reason }).toEqual({ status: 401, reason: 'TokenExpired' });
  });

  it('gives a file by its address alone: not with a key, not for long, not by guessing', async () => {
    const on = stage();
    const headers = await headersFor(on);
    const [first] = await list(on);
    const { data } = await on.client.post(`${API}/getReport`, { filename: first?.filename }, { headers });
    expect((await on.client.get(data.url)).status).toBe(200);
    expect((await on.client.get(data.url, { headers })).status).toBe(400);
    expect((await on.client.get(`${data.url}0`)).status).toBe(403);
    await on.clock.sleep(301_000);
    expect((await on.client.get(data.url)).status).toBe(403);
  });

  it('writes the same days as a hand download', () => {
    const on = stage({ day: 40 });
    const text = earningsCsv(on.world, START, addDays(START, 30));
    expect(text.startsWith('\ufeffFee-Earnings')).toBe(true);
    const rows = parse(text, { bom: true, from_line: 2, columns: true }) as Record<string, string>[];
    const booked = bookAt(on.world, 'amazon-associates', on.clock.now()).filter(
      (row) => row.occurredAt < addDays(START, 30),
    );
    const fees = Object.keys(rows[0] ?? {}).find((name) => name.startsWith('Ad Fees')) ?? '';
    expect(rows.map((row) => decimal(row[fees] ?? '')).sort()).toEqual(
      booked.map((row) => row.commissionAmount).sort(),
    );
    expect(rows[0]?.['Date Shipped']).toMatch(/^January \d\d 2026$/);
  });
});

import { z } from 'zod';
import {
  CredentialsRefusedError,
  FileRefusedError,
  NetworkDownError,
  SchemaDriftError,
  type TributaryError,
} from '../../core/errors.ts';
import { type TimeWindow, utcDay } from '../../core/time-window.ts';
import type { Answer, HttpClient } from '../contract.ts';
import { decodeText } from '../kit/csv.ts';
import type { Marketplace } from './marketplaces.ts';
import { type ReportName, reportName } from './report-items.ts';

const API_HOST = 'creatorsapi.amazon';

/** Where each version of a credential gets its token. Versions 2 want a form and carry their number in every call. */
const TOKEN_HOSTS = {
  '2.1': 'creatorsapi.auth.us-east-1.amazoncognito.com',
  '2.2': 'creatorsapi.auth.eu-south-2.amazoncognito.com',
  '2.3': 'creatorsapi.auth.us-west-2.amazoncognito.com',
  '3.1': 'api.amazon.com',
  '3.2': 'api.amazon.co.uk',
  '3.3': 'api.amazon.co.jp',
} as const;
type CredentialVersion = keyof typeof TOKEN_HOSTS;
export const VERSIONS = Object.keys(TOKEN_HOSTS) as [CredentialVersion, ...CredentialVersion[]];

/**
 * Everything that may be called. Reports lie on pre-signed addresses of Amazon's storage, whose bucket is not published;
 * they are fetched without the key.
 */
export const HOSTS = [API_HOST, ...Object.values(TOKEN_HOSTS), '*.amazonaws.com'] as const;

const REGION_OF_DIGIT: Readonly<Record<string, Marketplace['region']>> = { 1: 'na', 2: 'eu', 3: 'fe' };
const DIGIT_OF_REGION = { na: '1', eu: '2', fe: '3' } as const;
const IMPORT_INSTEAD =
  'Download the earnings report in Associates Central (Reports, Download reports) and import the file.';

interface ApiKey {
  readonly credentialId?: string | undefined;
  readonly credentialSecret?: string | undefined;
  readonly credentialVersion?: CredentialVersion | undefined;
}

/** The version of a key; the newest of the marketplace's region where it is not said. */
export function versionOf({ credentialVersion }: ApiKey, { region }: Marketplace): CredentialVersion {
  return credentialVersion ?? `3.${DIGIT_OF_REGION[region]}`;
}

const Token = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive().default(3600) });

/** Exchanges the key for a token (OAuth 2 client credentials). */
export async function exchange(http: HttpClient, key: ApiKey, marketplace: Marketplace) {
  const { credentialId, credentialSecret } = key;
  if (!credentialId || !credentialSecret) {
    throw new CredentialsRefusedError(`This account has no Creators API key, so nothing is polled. ${IMPORT_INSTEAD}`);
  }
  const version = versionOf(key, marketplace);
  if (REGION_OF_DIGIT[version.slice(2)] !== marketplace.region) {
    throw new CredentialsRefusedError(
      `A key of version ${version} does not work for ${marketplace.host}: keys work for the marketplaces of their own region.`,
    );
  }
  const isForm = version.startsWith('2');
  const scope = isForm ? 'creatorsapi/default' : 'creatorsapi::default';
  const body = { grant_type: 'client_credentials', client_id: credentialId, client_secret: credentialSecret, scope };
  const address = `https://${TOKEN_HOSTS[version]}${isForm ? '/oauth2/token' : '/auth/o2/token'}`;
  const token = await http.post(address, { ...(isForm ? { form: body } : { json: body }), idempotent: true }, Token);
  return { value: token.access_token, expiresInSeconds: token.expires_in };
}

const ListedReport = z.object({ filename: z.string(), md5: z.string().nullish(), reportType: z.string().nullish() });
const ReportList = z.object({ reports: z.array(ListedReport) });
const ReportAddress = z.object({ url: z.url() });

/** A daily report that may be fetched. */
interface ListedReport extends ReportName {
  readonly filename: string;
  readonly reportType: string | null;
}

/** All daily reports, of whatever store. The list knows no filter and no pages. */
export async function listReports(http: HttpClient): Promise<ListedReport[]> {
  const { reports } = await http.post('/reports/v1/listReports', { json: {}, idempotent: true }, ReportList);
  return reports.flatMap(({ filename, reportType }) => {
    const name = reportName(filename);
    return name ? [{ ...name, filename, reportType: reportType ?? null }] : [];
  });
}

/** The reports of one kind by day, oldest first; where a report is there as TSV and as XML, the TSV. */
export function reportsByDay(
  reports: readonly ListedReport[],
  kind: ReportName['kind'],
  { start, end }: TimeWindow,
): [day: string, reports: ListedReport[]][] {
  const [first, last] = [utcDay(start), utcDay(new Date(end.getTime() - 1))];
  const days = new Map<string, Map<string, ListedReport>>();
  for (const report of reports) {
    if (report.kind !== kind || report.day < first || report.day > last) continue;
    const ofDay = days.get(report.day) ?? new Map<string, ListedReport>();
    const key = `${report.store}/${report.reportType}`;
    if (report.format === 'tsv' || !ofDay.has(key)) ofDay.set(key, report);
    days.set(report.day, ofDay);
  }
  return [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, ofDay]) => [day, [...ofDay.values()]]);
}

/** Fetches one report from its pre-signed address (without the key) and reads it. What it cannot read is drift. */
export async function fetchReport<T>(http: HttpClient, report: ListedReport, read: (bytes: Buffer) => T): Promise<T> {
  const { filename, reportType } = report;
  const json = { filename, ...(reportType && { reportType }) };
  const { url } = await http.post('/reports/v1/getReport', { json, idempotent: true }, ReportAddress);
  const bytes = await http.bytes(url, {}, { anonymous: true });
  try {
    return read(bytes);
  } catch (cause) {
    if (!(cause instanceof FileRefusedError)) throw cause;
    const body = bytes[0] === 0x1f ? '(packed)' : decodeText(bytes.subarray(0, 16_384));
    const sample = { method: 'GET', url: filename, status: 200, contentType: null, body };
    throw new SchemaDriftError(`The report ${filename} has a new shape. ${cause.message}`, sample, { cause });
  }
}

const Refusal = z.object({ message: z.string().nullish(), reason: z.string().nullish(), error: z.string().nullish() });
const KEY_ERRORS = ['invalid_client', 'unauthorized_client', 'invalid_scope'];
const STORE_REASONS = ['InvalidAssociate', 'InvalidPartnerTag'];

/** Four refusals that plain HTTP does not explain. */
export function explain({ status, body }: Answer): TributaryError | null {
  if (status === 403 && typeof body === 'string' && /<Error>/.test(body)) {
    return new NetworkDownError('The pre-signed address of a report no longer works; the next run gets a new one.');
  }
  const { message, reason, error } = Refusal.safeParse(body).data ?? {};
  const networkWords = [reason ?? error, message].filter(Boolean).join(': ') || null;
  if (status === 403 && reason === 'AssociateNotEligible') {
    return new CredentialsRefusedError(
      `Amazon says that this account may not use the Creators API yet (it asks for recent qualified sales). ${IMPORT_INSTEAD}`,
      { networkWords },
    );
  }
  if (status === 400 && error && KEY_ERRORS.includes(error)) {
    return new CredentialsRefusedError(
      'Amazon does not know this Creators API key. Check the credential id, its secret and its version.',
      { networkWords },
    );
  }
  if (status === 400 && reason && STORE_REASONS.includes(reason)) {
    return new CredentialsRefusedError('Amazon says that the key does not belong to this marketplace or store.', {
      networkWords,
    });
  }
  return null;
}

import { z } from 'zod';
import { CredentialsRefusedError, UnreadableRowError } from '../../core/errors.ts';
import { type Decimal, decimal, isNegative } from '../../core/money.ts';
import { defineConnector, type HttpClient, type Page, type Question } from '../contract.ts';
import { type StatusTable, statusFrom } from '../kit/status.ts';
import { unquoted } from './cells.ts';
import { isClicksHeader, isEarningsHeader, isItemHeader } from './columns.ts';
import {
  exchange,
  explain,
  fetchReport,
  HOSTS,
  listReports,
  reportsByDay,
  VERSIONS,
  versionOf,
} from './creators-api.ts';
import { readEarnings } from './earnings-file.ts';
import { buildLink, SUB_ID } from './link.ts';
import { MARKETPLACES, marketplaceOf, programName } from './marketplaces.ts';
import { isXml, reportName } from './report-items.ts';
import { readTracking } from './tracking-file.ts';

/** Our words: a report has none. Its rows have shipped, so nothing is pending; and it never says "paid". */
const STATUSES: StatusTable = { shipped: 'approved', returned: 'reversed' };
/** A night reads a month again: a corrected file replaces its days, and how late Amazon corrects is not known. */
const DAYS = { maxWindowDays: 31, lookbackDays: 31, historyDays: 366 } as const;

const EarningsRow = z.object({
  id: z.string(),
  day: z.string(),
  subTag: z.string(),
  revenue: z.string(),
  earnings: z.string(),
});
const ClicksRow = z.object({ day: z.string(), clicks: z.number().int().nonnegative() });

const Credentials = z.object({
  marketplace: z
    .enum([...MARKETPLACES.keys()] as [string, ...string[]])
    .default('www.amazon.com')
    .meta({ title: 'Marketplace', description: 'One account here is one store in one marketplace.' }),
  storeId: z.string().trim().min(1).optional().meta({
    title: 'Store id',
    description: 'Associates Central, top right; such as mystore-20. Empty: every store that the key can see.',
  }),
  currency: z
    .string()
    .trim()
    .toUpperCase()
    .regex(/^[A-Z]{3}$/)
    .optional()
    .meta({
      title: 'Currency',
      description: 'Only where the reports are in another currency than the marketplace.',
    }),
  credentialId: z.string().trim().min(1).optional().meta({
    title: 'Credential id',
    description: 'Associates Central, Tools, Creators API. Empty: nothing is polled, and you import report files.',
  }),
  credentialSecret: z.string().trim().min(1).optional().meta({
    title: 'Credential secret',
    description: 'Amazon shows it once, when the credential is made.',
    secret: true,
  }),
  credentialVersion: z.enum(VERSIONS).optional().meta({
    title: 'Credential version',
    description: 'Shown beside the credential.',
  }),
});
type Credentials = z.output<typeof Credentials>;

export const amazonAssociates = defineConnector({
  id: 'amazon-associates',
  name: 'Amazon Associates',
  docsUrl: 'https://affiliate-program.amazon.com/creatorsapi/docs/en-us/',
  verifiedOn: null,
  hosts: HOSTS,
  limits: { perMinute: 60, parallel: 1 }, // Not published: one call a second.
  credentials: Credentials,
  // Report days have no time; each stands at midnight UTC, so they are counted in UTC whatever the marketplace's zone.
  reports: { timeZone: 'UTC', currency: 'account' },
  token: { exchange: (http, credentials) => exchange(http, credentials, marketplaceOf(credentials.marketplace)) },
  authorise(credentials, token) {
    const version = versionOf(credentials, marketplaceOf(credentials.marketplace));
    const suffix = version.startsWith('2') ? `, Version ${version}` : '';
    return { authorization: `Bearer ${token}${suffix}`, 'x-marketplace': credentials.marketplace };
  },
  async check(http, credentials) {
    const reports = await storeReports(http, credentials);
    const store = credentials.storeId ?? reports[0]?.store ?? 'Amazon Associates';
    return { label: `${store} at ${programName(credentials.marketplace)}`, currency: currencyOf(credentials) };
  },
  explain,
  streams: {
    conversions: {
      passes: [{ name: 'days', by: 'snapshot-day', every: 'night', ...DAYS }],
      pages: earningsDays,
      normalise(raw, credentials) {
        const row = EarningsRow.parse(raw);
        const saleAmount = amountOf('revenue', row.revenue);
        const commissionAmount = amountOf('earnings', row.earnings);
        // A return is a row of its own on a later day; it cannot be tied to the sale that it takes back.
        const word = isNegative(commissionAmount) || isNegative(saleAmount) ? 'returned' : 'shipped';
        return {
          networkTransactionId: row.id,
          status: statusFrom(STATUSES, word),
          statusRaw: word,
          saleAmount,
          commissionAmount,
          currency: currencyOf(credentials),
          occurredAt: new Date(`${row.day}T00:00:00Z`),
          programId: credentials.marketplace,
          programName: programName(credentials.marketplace),
          subId: row.subTag || null,
        };
      },
    },
    clicks: {
      passes: [{ name: 'clicks', by: 'snapshot-day', every: 'night', ...DAYS }],
      pages: clickDays,
      normalise(raw, { marketplace }) {
        const { day, clicks } = ClicksRow.parse(raw);
        return { day, programId: marketplace, subId: null, clicks };
      },
    },
  },
  files: [
    {
      kind: 'earnings',
      title: 'Earnings report (Fee-Earnings CSV, earnings TSV or XML)',
      recognises: (head, fileName) =>
        hasHeader(head, isEarningsHeader) ||
        (isXml(head) && /<Data\b[^>]*>\s*<Items\b/.test(head)) ||
        reportName(fileName)?.kind === 'earnings',
      pages: (bytes, fileName, { marketplace }) => readEarnings(bytes, fileName, marketplaceOf(marketplace)),
    },
    {
      kind: 'counts',
      title: 'Orders, tracking or trends report (counts only: no conversions come of it)',
      recognises: (head, fileName) =>
        hasHeader(head, (cells) => isItemHeader(cells) || isClicksHeader(cells)) || reportName(fileName) !== null,
      pages: () => [],
    },
  ],
  link: { subId: SUB_ID, build: buildLink },
});

/** The daily reports of the account's own store. A key that shows only other stores is the wrong one, not an empty one. */
async function storeReports(http: HttpClient, { storeId }: Credentials) {
  const reports = await listReports(http);
  if (storeId === undefined) return reports;
  const own = reports.filter(({ store }) => store.toLowerCase() === storeId.toLowerCase());
  if (own.length > 0 || reports.length === 0) return own;
  const others = [...new Set(reports.map(({ store }) => store))].join(', ');
  throw new CredentialsRefusedError(`The key works, but it shows no reports of ${storeId}. It shows: ${others}.`);
}

/** Each day once, with the rows of all its reports; rows that belong to other days come behind it and replace nothing. */
async function* earningsDays(http: HttpClient, question: Question, credentials: Credentials): AsyncGenerator<Page> {
  const marketplace = marketplaceOf(credentials.marketplace);
  for (const [day, reports] of reportsByDay(await storeReports(http, credentials), 'earnings', question)) {
    const rows: unknown[] = [];
    const others: unknown[] = [];
    for (const report of reports) {
      const pages = await fetchReport(http, report, (bytes) => readEarnings(bytes, report.filename, marketplace));
      for (const page of pages) {
        if ('day' in page) rows.push(...page.rows);
        else others.push(...page);
      }
    }
    yield { day, rows };
    if (others.length > 0) yield others;
  }
}

async function* clickDays(http: HttpClient, question: Question, credentials: Credentials): AsyncGenerator<Page> {
  for (const [day, reports] of reportsByDay(await storeReports(http, credentials), 'tracking', question)) {
    let clicks = 0;
    for (const report of reports) {
      clicks += await fetchReport(http, report, (bytes) => readTracking(bytes, report.filename).clicks);
    }
    yield { day, rows: [{ day, clicks }] };
  }
}

function currencyOf({ currency, marketplace }: Credentials): string {
  return currency ?? marketplaceOf(marketplace).currency;
}

/** A cell without a number is not 0: the row is set aside. */
function amountOf(what: string, cell: string): Decimal {
  try {
    return decimal(cell);
  } catch (cause) {
    throw new UnreadableRowError(`The ${what} cell "${cell.slice(0, 40)}" is not an amount.`, { cause });
  }
}

/** Whether a line of the head, split as any of the formats would, is such a header. */
function hasHeader(head: string, isHeader: (cells: readonly string[]) => boolean): boolean {
  return head
    .split(/\r?\n/)
    .some((line) => [',', '\t', ';', '|'].some((delimiter) => isHeader(line.split(delimiter).map(unquoted))));
}

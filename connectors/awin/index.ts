import { z } from 'zod';
import {
  CredentialsRefusedError,
  RequestRefusedError,
  type TributaryError,
  UnreadableRowError,
} from '../../core/errors.ts';
import { currencyCode, decimal } from '../../core/money.ts';
import { type Answer, defineConnector, type HttpClient, type LinkBuilder, type Question } from '../contract.ts';
import { Amount, Id, OptionalText } from '../kit/fields.ts';
import { destinationThatFits, digitsThatFit, subIdThatFits } from '../kit/link.ts';
import { type StatusTable, statusFrom } from '../kit/status.ts';
import { optional, utcWallClock, zoned } from '../kit/time.ts';
import { clicks } from './clicks.ts';

/** The word never becomes "paid": `paidToPublisher` says that, long after the advertiser has approved. */
const STATUSES: StatusTable = {
  pending: 'pending',
  approved: 'approved',
  bonus: 'approved',
  declined: 'reversed',
  deleted: 'reversed',
};
/** Which date the window of a pass applies to. The paid flag moves none of them: that pass asks by id. */
const DATE_TYPES: Readonly<Record<string, string>> = { validated: 'validation', amended: 'amendment' };
/** Asked for in every question: answers carry no offset, and a local zone would be ambiguous in autumn. */
const ZONE = 'UTC';
/** Awin allows 31 days between the bounds. One is left, in case both ends are counted. */
const WINDOW = { maxWindowDays: 30 };
const CLICK_REFS = ['clickRef', 'clickRef2', 'clickRef3', 'clickRef4', 'clickRef5', 'clickRef6'];
const SUB_ID: LinkBuilder<unknown>['subId'] = { parameter: 'clickref', maxLength: 50, pattern: /^[A-Za-z0-9_-]+$/ };

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'Awin refuses the access token. Make a new one under API Credentials and save it here.',
  403: 'The user of this token may not see the publisher account. A right just granted takes up to ten minutes to work.',
  404: 'Awin knows no account with this publisher id. Check the number.',
};
const Refusal = z.object({ error: z.string().regex(/^[\w ]{1,60}$/) });

const Rows = z.array(z.unknown());
const Accounts = z.object({ accounts: z.array(z.object({ accountId: Id, accountName: OptionalText })) });

const Money = z.object({ amount: Amount, currency: z.string() });
const Transaction = z.object({
  id: Id,
  advertiserId: Id,
  commissionStatus: z.string(),
  commissionAmount: Money,
  saleAmount: Money,
  clickRefs: z.object(Object.fromEntries(CLICK_REFS.map((name) => [name, OptionalText]))).nullish(),
  clickDate: z.string().nullish(),
  transactionDate: z.string(),
  validationDate: z.string().nullish(),
  orderRef: OptionalText,
  paidToPublisher: z.boolean().nullish(),
  paymentId: OptionalText,
});
const Identity = Transaction.pick({ id: true });
const Programme = z.object({
  id: Id,
  name: z.string().min(1),
  status: OptionalText,
  currencyCode: OptionalText,
  displayUrl: OptionalText,
});

export const awin = defineConnector({
  id: 'awin',
  name: 'Awin',
  docsUrl: 'https://help.awin.com/apidocs/introduction-1',
  verifiedOn: null,
  hosts: ['api.awin.com'],
  limits: { perMinute: 18, parallel: 2 }, // of 20, which every other tool with a token of the same user shares
  credentials: z.object({
    accessToken: z.string().trim().min(1).meta({
      title: 'Access token',
      description:
        'From ui.awin.com/awin-api, or user menu, API Credentials. It serves every account that you may see.',
      secret: true,
    }),
    publisherId: z.string().trim().regex(/^\d+$/, 'is not a number').meta({
      title: 'Publisher id',
      description: 'The number beside the account name at the top of the Awin interface.',
    }),
  }),
  reports: { timeZone: ZONE, currency: 'row' },
  authorise: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}` }),
  async check(http, { publisherId }) {
    const { accounts } = await http.get('/accounts', { type: 'publisher' }, Accounts);
    const account = accounts.find(({ accountId }) => accountId === publisherId);
    if (account) return { label: account.accountName ?? `Awin publisher ${publisherId}`, currency: null };
    const seen = accounts.map(({ accountId, accountName }) => `${accountId} (${accountName ?? 'no name'})`).join(', ');
    throw new CredentialsRefusedError(
      `The token is good, but it may not see publisher ${publisherId}. It sees: ${seen || 'no publisher at all'}.`,
    );
  },
  explain,
  streams: {
    conversions: {
      passes: [
        { name: 'new', by: 'created', every: 'hour', ...WINDOW, lookbackDays: 2, historyDays: 1095 },
        { name: 'validated', by: 'validated', every: 'night', ...WINDOW, lookbackDays: 2 },
        { name: 'amended', by: 'changed', every: 'night', ...WINDOW, lookbackDays: 2 },
        {
          name: 'paid',
          by: 'open-ids',
          every: 'night',
          ...WINDOW,
          lookbackDays: 1,
          idsPerQuestion: 100,
          openStatuses: ['approved'],
        },
        // What the narrower questions may miss, and the only one that can tell that a row is gone.
        { name: 'again', by: 'created', every: 'week', ...WINDOW, lookbackDays: 120, whole: true },
      ],
      pages: (http, question, { publisherId }) =>
        transactions(http, question, `/publishers/${publisherId}/transactions`),
      normalise(raw) {
        const row = Transaction.parse(raw);
        const status = statusFrom(STATUSES, row.commissionStatus);
        const currency = currencyCode(row.commissionAmount.currency);
        if (currencyCode(row.saleAmount.currency) !== currency) {
          throw new UnreadableRowError('The sale is in another currency than its commission.');
        }
        return {
          networkTransactionId: row.id,
          status: row.paidToPublisher && status !== 'reversed' ? 'paid' : status,
          statusRaw: row.commissionStatus,
          saleAmount: decimal(row.saleAmount.amount),
          commissionAmount: decimal(row.commissionAmount.amount),
          currency,
          occurredAt: moment(row.transactionDate),
          clickedAt: optional(moment, row.clickDate),
          validatedAt: optional(moment, row.validationDate),
          programId: row.advertiserId,
          subId: firstClickRef(row.clickRefs),
          orderRef: row.orderRef,
          paymentRef: row.paymentId === '0' ? null : row.paymentId,
        };
      },
      identify: (raw) => Identity.parse(raw).id,
    },
    programs: {
      passes: [{ name: 'programs', by: 'list', every: 'night', maxWindowDays: 1, lookbackDays: 1 }],
      async *pages(http, _question, { publisherId }) {
        yield await http.get(`/publishers/${publisherId}/programmes`, { relationship: 'joined' }, Rows);
      },
      normalise(raw) {
        const { id, name, status, currencyCode: currency, displayUrl } = Programme.parse(raw);
        return { programId: id, name, status, currency, url: displayUrl };
      },
    },
    clicks,
  },
  link: {
    subId: SUB_ID,
    build({ programId, destination, subId }, { publisherId }) {
      const merchant = digitsThatFit('The advertiser id', programId);
      const sub = subId === null ? '' : `&${SUB_ID.parameter}=${subIdThatFits(SUB_ID, subId)}`;
      const target = encodeURIComponent(destinationThatFits(destination));
      return `https://www.awin1.com/cread.php?awinmid=${merchant}&awinaffid=${publisherId}${sub}&ued=${target}`;
    },
  },
});

/** The answer to a question is one bare array, however long: no paging, and `[]` where there is nothing. */
async function* transactions(http: HttpClient, { pass, start, end, ids }: Question, path: string) {
  if (pass.by === 'open-ids') {
    yield await http.get(path, { ids: ids.join(','), timezone: ZONE }, Rows);
    return;
  }
  const range = { startDate: utcWallClock(start), endDate: utcWallClock(end), timezone: ZONE };
  try {
    yield await http.get(`${path}/`, { ...range, dateType: DATE_TYPES[pass.name] ?? 'transaction' }, Rows);
  } catch (error) {
    // A server that does not know this date type yet: the pass `again` finds the amended rows of 120 days instead.
    if (!(pass.name === 'amended' && error instanceof RequestRefusedError)) throw error;
  }
}

/** The longer text of a refusal may repeat the token, so only its one word is kept. */
function explain({ status, body }: Answer): TributaryError | null {
  const refusal = REFUSALS[status];
  if (!refusal) return null;
  return new CredentialsRefusedError(refusal, { networkWords: Refusal.safeParse(body).data?.error ?? null });
}

function moment(text: string): Date {
  return zoned(text, ZONE);
}

function firstClickRef(refs: Readonly<Record<string, string | null>> | null | undefined): string | null {
  for (const name of CLICK_REFS) if (refs?.[name]) return refs[name];
  return null;
}

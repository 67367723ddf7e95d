import { z } from 'zod';
import { CredentialsRefusedError, RateLimitedError, SetupError } from '../../core/errors.ts';
import { currencyCode, decimal, isNegative } from '../../core/money.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/time-window.ts';
import { type Answer, defineConnector, type HttpClient, type Question } from '../contract.ts';
import { Amount, Id, OptionalText } from '../kit/fields.ts';
import { destinationThatFits, digitsThatFit, subIdThatFits } from '../kit/link.ts';
import { byLink, byPage } from '../kit/paginate.ts';
import { optional, utcWallClock } from '../kit/time.ts';
import { moment } from './moment.ts';
import { paidTransactions, payments } from './payment-reports.ts';
import { reportFile, withoutCommas } from './report-file.ts';

/** Rakuten answers for about 30 days; the day in hand is for a back-fill that takes its time. */
const HISTORY_DAYS = 29;
const EVENTS = '/events/1.0/transactions';
const EVENTS_LIMIT = 1_000;
const PARTNERSHIPS_LIMIT = 200;

const Credentials = z.object({
  clientId: z.string().trim().min(1).meta({
    title: 'Client id',
    description: 'developers.rakutenadvertising.com → Account → Applications.',
  }),
  clientSecret: z.string().trim().min(1).meta({
    title: 'Client secret',
    description: 'Beside the client id.',
    secret: true,
  }),
  sid: z.string().trim().regex(/^\d+$/, 'is not a number').meta({
    title: 'SID',
    description:
      'At the top right of the publisher dashboard. One per site and region: connect each as its own account.',
  }),
  webServicesToken: z.string().trim().default('').meta({
    title: 'Web Services token (for payments)',
    description: 'Dashboard → Links → Web Services. Without it nobody can tell which sales have been paid.',
    secret: true,
  }),
  linkId: z
    .string()
    .trim()
    .regex(/^([\w*/.-]{11})?$/, 'is not an 11-character id')
    .default('')
    .meta({
      title: 'Link id (for deep links)',
      description: 'The 11 characters after id= in any of your Rakuten links.',
    }),
});
type RakutenCredentials = z.output<typeof Credentials>;

const Token = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });
const Events = z.array(z.unknown());
const OwnRows = z.array(z.object({ sid: OptionalText }));
const Event = z.object({
  etransaction_id: Id,
  advertiser_id: Id,
  advertiser_name: OptionalText, // report files alone have it
  order_id: OptionalText,
  sku_number: OptionalText,
  sale_amount: Amount,
  commissions: Amount,
  currency: z.string(),
  transaction_date: z.string(),
  process_date: z.string(),
  u1: OptionalText,
});
const Identity = Event.pick({ etransaction_id: true });
const Partnerships = z.object({
  partnerships: z.array(z.unknown()),
  _metadata: z.object({ _links: z.object({ next: OptionalText }).nullish() }).nullish(),
});
const Partnership = z.object({ advertiser: z.object({ id: Id, name: z.string().min(1) }), status: OptionalText });
const PaidRow = z.object({ transactionId: OptionalText, paymentId: Id, paidOn: z.string() });
const PaymentRow = z.object({ 'payment id': Id, amount: Amount, currency: z.string(), 'payment date': OptionalText });

const SUB_ID = { parameter: 'u1', maxLength: 72, pattern: /^[A-Za-z0-9]+$/ };

export const rakuten = defineConnector({
  id: 'rakuten',
  name: 'Rakuten Advertising',
  docsUrl: 'https://developers.rakutenadvertising.com',
  verifiedOn: null,
  hosts: ['api.linksynergy.com'],
  limits: { perMinute: 20, parallel: 2 }, // not published: more has been answered with 403
  credentials: Credentials,
  reports: { timeZone: 'UTC', currency: 'row' },
  token: { exchange },
  authorise: (_credentials, token) => ({ authorization: `Bearer ${token}` }),
  async check(http, { sid }) {
    const [row] = await http.get(EVENTS, { limit: 1 }, OwnRows);
    if (row?.sid && row.sid !== sid) {
      throw new CredentialsRefusedError(
        `The key answers for SID ${row.sid}, not for ${sid}. Enter the SID of this site.`,
      );
    }
    return { label: `Rakuten SID ${sid}`, currency: null };
  },
  explain,
  streams: {
    conversions: {
      passes: [
        // By process date: corrections are new rows with one of their own. Two days, because sub-ids are filled in later.
        {
          name: 'processed',
          by: 'created',
          every: 'hour',
          maxWindowDays: HISTORY_DAYS,
          lookbackDays: 2,
          historyDays: HISTORY_DAYS,
        },
      ],
      pages: events,
      normalise(raw) {
        if (isEventOnly(raw)) return null;
        const row = Event.parse(raw);
        const saleAmount = decimal(row.sale_amount);
        const commissionAmount = decimal(row.commissions);
        const takesBack = isNegative(saleAmount) || isNegative(commissionAmount);
        return {
          networkTransactionId: row.etransaction_id,
          saleKey: row.order_id && `${row.order_id} ${row.sku_number ?? ''}`.trim(),
          status: takesBack ? 'reversed' : 'pending', // the sign stays: the row is added with it
          statusRaw: takesBack ? 'negative amount' : 'no status', // Rakuten has no word of its own
          saleAmount,
          commissionAmount,
          currency: currencyCode(row.currency),
          occurredAt: moment(row.transaction_date),
          updatedAt: moment(row.process_date),
          programId: row.advertiser_id,
          programName: row.advertiser_name,
          subId: row.u1?.toLowerCase() === 'null' ? null : row.u1,
          orderRef: row.order_id,
        };
      },
      identify: (raw) => Identity.parse(raw).etransaction_id,
    },
    settlements: {
      passes: [{ name: 'payment-details', by: 'changed', every: 'night', maxWindowDays: 90, lookbackDays: 90 }],
      pages: (http, { start, end }, { webServicesToken }) => paidTransactions(http, { start, end }, webServicesToken),
      normalise(raw) {
        const { transactionId, paymentId, paidOn } = PaidRow.parse(raw);
        // Adjustments stand among the transactions of an invoice and belong to none of them.
        if (transactionId === null) return null;
        return { networkTransactionId: transactionId, paymentRef: paymentId, paidAt: optional(moment, paidOn) };
      },
    },
    payments: {
      passes: [
        { name: 'payments', by: 'created', every: 'night', maxWindowDays: 364, lookbackDays: 90, historyDays: 364 },
      ],
      pages: (http, { start, end }, { webServicesToken }) => payments(http, { start, end }, webServicesToken),
      normalise(raw) {
        const row = PaymentRow.parse(raw);
        return {
          paymentRef: row['payment id'],
          amount: decimal(withoutCommas(String(row.amount))),
          currency: currencyCode(row.currency),
          paidAt: optional(moment, row['payment date']),
          statusRaw: null,
        };
      },
    },
    programs: {
      passes: [{ name: 'partnerships', by: 'list', every: 'night', maxWindowDays: 1, lookbackDays: 1 }],
      pages: programs,
      normalise(raw) {
        const { advertiser, status } = Partnership.parse(raw);
        return { programId: advertiser.id, name: advertiser.name, status, currency: null, url: null };
      },
    },
  },
  files: [reportFile],
  link: {
    subId: SUB_ID,
    build({ programId, destination, subId, placement }, { linkId }) {
      const id = linkId || placement?.trim();
      if (!id)
        throw new SetupError('A Rakuten link needs the link id: the 11 characters after id= in any of your links.');
      const sub = subId === null ? '' : `&${SUB_ID.parameter}=${subIdThatFits(SUB_ID, subId)}`;
      const merchant = digitsThatFit('The advertiser id (MID)', programId);
      const target = encodeURIComponent(destinationThatFits(destination));
      return `https://click.linksynergy.com/deeplink?id=${encodeURIComponent(id)}&mid=${merchant}${sub}&murl=${target}`;
    },
  },
});

/** The guide says Bearer, much working code says Basic: the second is tried where the first is refused. */
async function exchange(http: HttpClient, { clientId, clientSecret, sid }: RakutenCredentials) {
  const key = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const ask = async (scheme: 'Bearer' | 'Basic') => {
    const headers = { authorization: `${scheme} ${key}`, accept: 'application/json' };
    const token = await http.post('/token', { form: { scope: sid }, headers, idempotent: true }, Token);
    return { value: token.access_token, expiresInSeconds: token.expires_in };
  };
  try {
    return await ask('Bearer');
  } catch (error) {
    if (!(error instanceof CredentialsRefusedError)) throw error;
    return ask('Basic');
  }
}

/** A bare array per page and no total: the first page that is not full is the last. Both bounds belong to the question. */
async function* events(http: HttpClient, { start, end }: Question) {
  const range = { process_date_start: wallClock(start), process_date_end: wallClock(new Date(end.getTime() + 999)) };
  const fetchPage = (page: number) => http.get(EVENTS, { ...range, limit: EVENTS_LIMIT, page }, Events);
  yield* byPage(fetchPage, (rows) => rows.length < EVENTS_LIMIT);
}

const wallClock = (at: Date) => utcWallClock(at).replace('T', ' ');

async function* programs(http: HttpClient) {
  const first = `/v1/partnerships?partner_status=active&page=1&limit=${PARTNERSHIPS_LIMIT}`;
  const pages = byLink(
    first,
    (address) => http.get(address, {}, Partnerships),
    ({ partnerships, _metadata }) => (partnerships.length < PARTNERSHIPS_LIMIT ? null : _metadata?._links?.next),
  );
  for await (const { partnerships } of pages) yield partnerships;
}

/** Media optimisation events are no commissions. Looked at by hand: a schema that mostly fails would be slow. */
function isEventOnly(raw: unknown): boolean {
  const word = raw && typeof raw === 'object' && 'is_event' in raw ? raw.is_event : '';
  return /^\s*(y|true)\s*$/i.test(String(word));
}

/** 403 is how this family of interfaces throttles. When waiting does not help, or it says so, it does mean "no access". */
function explain({ status, body, attempt }: Answer) {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? '');
  const networkWords = text.slice(0, 300);
  if (status === 200 && typeof body === 'string' && /^\W*you cannot request/i.test(body)) {
    return new RateLimitedError('Rakuten gives no more payment reports for now.', HOUR_MS, { networkWords });
  }
  if (status !== 403) return null;
  if (/cannot consume this service/i.test(text)) {
    return new CredentialsRefusedError(
      'The application is not approved for this interface. Ask for it under Account → Applications at developers.rakutenadvertising.com.',
      { networkWords },
    );
  }
  if (attempt <= 3) return new RateLimitedError('Rakuten asks us to slow down (403).', MINUTE_MS, { networkWords });
  return new CredentialsRefusedError(
    'Rakuten gives no access: it answered 403 four times, a minute apart. Check that the application is approved for this interface.',
    { networkWords },
  );
}

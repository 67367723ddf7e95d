import { z } from 'zod';
import { CredentialsRefusedError, RequestRefusedError } from '../../core/errors.ts';
import { currencyCode, decimal } from '../../core/money.ts';
import { type Answer, defineConnector, type Pass } from '../contract.ts';
import { Amount, Id, LenientList, OptionalText } from '../kit/fields.ts';
import { type StatusTable, statusFrom } from '../kit/status.ts';
import { instant, optional } from '../kit/time.ts';
import { clickDays } from './clicks.ts';
import { link } from './link.ts';
import { list, pathOf, ranged, versionOf } from './list.ts';

/** An approved action is locked. "Paid" is no state of an action: the settlements stream finds it. */
export const STATUSES: StatusTable = { PENDING: 'pending', APPROVED: 'approved', REVERSED: 'reversed' };

/** The network allows 45 days, but wide windows have ended in a 502. */
const WINDOW_DAYS = 30;
/** Questions may start three years back; a few days less, so that a long back-fill does not fall over the edge. */
const HISTORY_DAYS = 3 * 365 - 5;

/** Which date the window of a pass applies to. */
const RANGES: Partial<Record<Pass['by'], readonly [from: string, until: string]>> = {
  locked: ['LockingDateStart', 'LockingDateEnd'],
  created: ['ActionDateStart', 'ActionDateEnd'],
};
const LAST_UPDATE = ['StartDate', 'EndDate'] as const;

const Credentials = z.object({
  accountSid: z
    .string()
    .trim()
    .regex(/^IR\w+$/, 'is not an account SID: it starts with IR')
    .meta({
      title: 'Account SID',
      description: 'User menu → Settings → Technical → API. Starts with IR; upper and lower case matter.',
    }),
  authToken: z.string().trim().min(1).meta({
    title: 'Access token',
    description: 'Same page, "Create Access Token", shown once. Read scopes: Actions, Campaigns, Invoices, Clicks.',
    secret: true,
  }),
  apiVersion: z.coerce
    .string()
    .trim()
    .regex(/^1[1-6]$/, 'is not a version from 11 to 16')
    .default('16')
    .meta({
      title: 'API version',
      description: 'Leave it at 16 unless impact.com asks for another.',
    }),
});

const Action = z.object({
  Id: Id,
  CampaignId: Id,
  CampaignName: OptionalText,
  State: z.string().min(1),
  Amount: Amount,
  Payout: Amount,
  Currency: z.string(),
  EventDate: z.string(),
  ReferringDate: OptionalText,
  LockingDate: OptionalText,
  Oid: OptionalText,
  SubId1: OptionalText,
});
const Identity = Action.pick({ Id: true });
const ActionUpdate = z.object({ ActionId: Id, State: OptionalText, PaystubId: OptionalText });
const Campaign = z.object({
  CampaignId: Id,
  CampaignName: z.string().min(1),
  CampaignUrl: OptionalText,
  AdvertiserUrl: OptionalText,
  ContractStatus: OptionalText,
});
const Invoice = z.object({
  Id: Id,
  Currency: z.string(),
  TotalAmount: Amount,
  LineItems: LenientList.pipe(z.array(z.object({ Status: OptionalText }))),
});
const ErrorBody = z.object({ Status: z.string(), Message: z.string() }).partial();
const ClickCount = z.object({ day: z.string(), programId: OptionalText, subId: OptionalText, clicks: z.number() });

export const impact = defineConnector({
  id: 'impact',
  name: 'impact.com',
  docsUrl: 'https://integrations.impact.com/impact-publisher/reference',
  verifiedOn: null,
  hosts: ['api.impact.com'],
  limits: { perHour: 450, parallel: 2 }, // of 500, which other tools of the same account share
  credentials: Credentials,
  reports: { timeZone: 'UTC', currency: 'row' },
  authorise: ({ accountSid, authToken, apiVersion }) => ({
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    'ir-version': apiVersion, // without it the version is the account's own, and differs between users
  }),
  async check(http, credentials) {
    await http.get(pathOf('Campaigns', credentials), versionOf(credentials), z.looseObject({}));
    return { label: `impact.com account ${credentials.accountSid}`, currency: null };
  },
  explain,
  streams: {
    conversions: {
      passes: [
        { name: 'updated', by: 'changed', every: 'hour', maxWindowDays: WINDOW_DAYS, lookbackDays: 1 },
        // To become approved when the locking date passes is no update by the network's count.
        { name: 'locked', by: 'locked', every: 'hour', maxWindowDays: WINDOW_DAYS, lookbackDays: 7 },
        // What both may miss, and the only one that can tell that a row is gone.
        {
          name: 'again',
          by: 'created',
          every: 'night',
          maxWindowDays: WINDOW_DAYS,
          lookbackDays: 120,
          historyDays: HISTORY_DAYS,
          whole: true,
        },
      ],
      pages: (http, { pass, ...window }, credentials) =>
        ranged(http, 'Actions', window, RANGES[pass.by] ?? LAST_UPDATE, credentials),
      normalise(raw) {
        const row = Action.parse(raw);
        return {
          networkTransactionId: row.Id,
          status: statusFrom(STATUSES, row.State),
          statusRaw: row.State,
          saleAmount: decimal(row.Amount),
          commissionAmount: decimal(row.Payout), // `DeltaPayout` is the last change, not the amount
          currency: currencyCode(row.Currency),
          occurredAt: instant(row.EventDate),
          clickedAt: optional(instant, row.ReferringDate),
          lockedAt: optional(instant, row.LockingDate), // lies ahead while the action is pending
          programId: row.CampaignId,
          programName: row.CampaignName,
          subId: row.SubId1,
          orderRef: row.Oid,
        };
      },
      identify: (raw) => Identity.parse(raw).Id,
    },
    settlements: {
      passes: [
        {
          name: 'paystubs',
          by: 'changed',
          every: 'night',
          maxWindowDays: WINDOW_DAYS,
          lookbackDays: 45,
          historyDays: HISTORY_DAYS,
        },
      ],
      pages: (http, { start, end }, credentials) =>
        ranged(http, 'ActionUpdates', { start, end }, LAST_UPDATE, credentials),
      normalise(raw) {
        const { ActionId, State, PaystubId } = ActionUpdate.parse(raw);
        // A reversal that a paystub settles is money taken back, not a commission paid.
        if (PaystubId === null || State?.toUpperCase() === 'REVERSED') return null;
        return { networkTransactionId: ActionId, paymentRef: PaystubId, paidAt: null };
      },
    },
    payments: {
      passes: [
        {
          name: 'invoices',
          by: 'created',
          every: 'night',
          maxWindowDays: WINDOW_DAYS,
          lookbackDays: 90, // so long may a line wait for its brand's money
          historyDays: HISTORY_DAYS,
        },
      ],
      pages: (http, { start, end }, credentials) => ranged(http, 'Invoices', { start, end }, LAST_UPDATE, credentials),
      normalise(raw) {
        const { Id: paymentRef, Currency, TotalAmount, LineItems } = Invoice.parse(raw);
        // PAID on a line says that the brand's money arrived for that program and month, not that it went on to the owner.
        const words = new Set(LineItems.flatMap(({ Status }) => Status ?? []));
        const currency = currencyCode(Currency);
        return {
          paymentRef,
          amount: decimal(TotalAmount),
          currency,
          paidAt: null,
          statusRaw: [...words].join(', ') || null,
        };
      },
    },
    programs: {
      passes: [{ name: 'campaigns', by: 'list', every: 'night', maxWindowDays: 1, lookbackDays: 1 }],
      pages: (http, _question, credentials) =>
        list(http, pathOf('Campaigns', credentials), versionOf(credentials), 'Campaigns'),
      normalise(raw) {
        const row = Campaign.parse(raw);
        const url = row.CampaignUrl ?? row.AdvertiserUrl;
        return { programId: row.CampaignId, name: row.CampaignName, status: row.ContractStatus, currency: null, url };
      },
    },
    clicks: {
      // One export job a day, of ten. The account's own day may end hours after the UTC day: yesterday is read twice.
      passes: [{ name: 'clicks', by: 'snapshot-day', every: 'night', maxWindowDays: 1, lookbackDays: 2 }],
      pages: clickDays,
      normalise: (raw) => ClickCount.parse(raw),
    },
  },
  link,
});

/** A token may be good and yet not cover a resource; and a failure in an answer with status 200 is still a failure. */
function explain({ status, body }: Answer) {
  const { Status, Message } = ErrorBody.safeParse(body).data ?? {};
  const networkWords = Message?.slice(0, 300) ?? null;
  if (status === 403) {
    return new CredentialsRefusedError(
      'The access token is good, but lacks the scope for what was asked. Create one with the read scopes Actions, Campaigns, Invoices and Clicks under Settings → Technical → API.',
      { networkWords },
    );
  }
  if (status === 200 && Status === 'ERROR' && networkWords) {
    return new RequestRefusedError('impact.com refused the question in an answer that looked like a success.', {
      networkWords,
    });
  }
  return null;
}

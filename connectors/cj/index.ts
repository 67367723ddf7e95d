import { z } from 'zod';
import type { Status } from '../../core/conversion.ts';
import { SchemaDriftError, SetupError, UnreadableRowError } from '../../core/errors.ts';
import { CurrencyCode, decimal, isNegative, ZERO } from '../../core/money.ts';
import { defineConnector, type LinkBuilder, type Question } from '../contract.ts';
import { Amount, Id, OptionalText } from '../kit/fields.ts';
import { destinationThatFits, subIdThatFits } from '../kit/link.ts';
import { byCursor } from '../kit/paginate.ts';
import { type StatusTable, statusFrom } from '../kit/status.ts';
import { instant, optional, utcWallClock } from '../kit/time.ts';
import { advertisers } from './advertisers.ts';
import { type Arguments, askCommissions, explain } from './graphql.ts';

const STATUSES: StatusTable = {
  new: 'pending',
  extended: 'pending', // once, for one more month
  locked: 'approved', // can no longer be corrected
  closed: 'paid', // prepared for the payment of about the 20th: the last that CJ says
};
/** Which date the window of a pass applies to. A change of status moves none but, perhaps, the locking date. */
const DATES: Readonly<Record<string, string>> = {
  new: 'PostingDate',
  settling: 'PostingDate',
  locked: 'LockingDate',
  again: 'EventDate',
};
/** CJ allows 31 days between the bounds. One is left, in case both ends are counted. */
const WINDOW = { maxWindowDays: 30 };
const SUB_ID: LinkBuilder<unknown>['subId'] = { parameter: 'sid', maxLength: 30, pattern: /^(?!0$)[A-Za-z0-9]+$/ };
const FIELDS =
  'commissionId original originalActionId correctionReason actionStatus validationStatus lockingMethod actionType ' +
  'advertiserId advertiserName websiteId aid clickDate eventDate postingDate lockingDate orderId saleAmountUsd ' +
  'saleAmountPubCurrency pubCommissionAmountUsd pubCommissionAmountPubCurrency shopperId sid';

const Commissions = z.object({
  payloadComplete: z.boolean(),
  maxCommissionId: Id.nullish(),
  records: z.array(z.unknown()),
});
const Count = z.object({ count: z.number() });
/** Null is how CJ writes the sale of a lead; a field that is not there at all is another matter. */
const SaleAmount = Amount.nullable().optional();
const Commission = z.object({
  commissionId: Id,
  originalActionId: Id,
  actionStatus: z.string(),
  validationStatus: OptionalText,
  advertiserId: Id,
  advertiserName: OptionalText,
  clickDate: z.string().nullish(),
  eventDate: z.string(),
  lockingDate: z.string().nullish(),
  orderId: OptionalText,
  saleAmountUsd: SaleAmount,
  saleAmountPubCurrency: SaleAmount,
  pubCommissionAmountUsd: Amount.nullish(),
  pubCommissionAmountPubCurrency: Amount.nullish(),
  shopperId: OptionalText,
  sid: OptionalText,
});
const Identity = Commission.pick({ commissionId: true });

export const cj = defineConnector({
  id: 'cj',
  name: 'CJ Affiliate',
  docsUrl: 'https://docs.cj.com/docs/graphql-api',
  verifiedOn: null,
  hosts: ['commissions.api.cj.com', 'advertiser-lookup.api.cj.com'],
  limits: { perMinute: 20, parallel: 1 }, // 25 are documented for the look-up, nothing for commissions
  credentials: z.object({
    personalAccessToken: z.string().trim().min(1).meta({
      title: 'Personal access token',
      description: 'Made at developers.cj.com/account/personal-access-tokens, and shown there only once.',
      secret: true,
    }),
    companyId: z.string().trim().regex(/^\d+$/, 'is not a number').meta({
      title: 'Company id (CID)',
      description: 'At the top right of the CJ members area.',
    }),
    publisherCurrency: CurrencyCode.default('USD').meta({
      title: 'Currency',
      description: 'The functional currency of your CJ account settings: no answer of CJ names it.',
    }),
    propertyId: z.string().trim().regex(/^\d*$/, 'is not a number').default('').meta({
      title: 'Property id (PID)',
      description: 'The promotional property that your links are made for. Only needed to build links.',
    }),
  }),
  reports: { timeZone: 'UTC', currency: 'account' },
  authorise: ({ personalAccessToken }) => ({ authorization: `Bearer ${personalAccessToken}` }),
  async check(http, { companyId, publisherCurrency }) {
    // Any day will do, but one there must be: without a window the question can run for minutes.
    const day = { sincePostingDate: '2026-01-05T00:00:00Z', beforePostingDate: '2026-01-06T00:00:00Z' };
    await askCommissions(http, { forPublishers: [companyId], ...day }, 'count', Count);
    return { label: `CJ company ${companyId}`, currency: publisherCurrency };
  },
  explain,
  streams: {
    conversions: {
      passes: [
        { name: 'new', by: 'created', every: 'hour', ...WINDOW, lookbackDays: 2, historyDays: 1095 },
        { name: 'settling', by: 'created', every: 'night', ...WINDOW, lookbackDays: 120 },
        { name: 'locked', by: 'locked', every: 'night', ...WINDOW, lookbackDays: 45 },
        // Open-ended programmes keep rows open for much longer than 120 days.
        {
          name: 'open',
          by: 'open-ids',
          every: 'week',
          ...WINDOW,
          lookbackDays: 7,
          idsPerQuestion: 100,
          openStatuses: ['pending', 'approved'],
        },
        // By the date of the sale, so that a row that is gone shows.
        { name: 'again', by: 'created', every: 'week', ...WINDOW, lookbackDays: 120, whole: true },
      ],
      async *pages(http, question, { companyId }) {
        const args = { forPublishers: [companyId], ...argumentsOf(question) };
        const selection = `count payloadComplete maxCommissionId records { ${FIELDS} }`;
        const fetchPage = (sinceCommissionId?: string) =>
          askCommissions(http, { ...args, sinceCommissionId }, selection, Commissions);
        for await (const page of byCursor(fetchPage, following)) yield page.records;
      },
      normalise(raw, { publisherCurrency }) {
        const row = Commission.parse(raw);
        const inDollars = publisherCurrency === 'USD';
        const sale = inDollars ? row.saleAmountUsd : row.saleAmountPubCurrency;
        const earned = inDollars ? row.pubCommissionAmountUsd : row.pubCommissionAmountPubCurrency;
        if (sale === undefined || earned == null) {
          throw new UnreadableRowError(`The row lacks its ${sale === undefined ? 'sale' : 'commission'} amount.`);
        }
        const commissionAmount = decimal(earned);
        return {
          networkTransactionId: row.commissionId,
          saleKey: row.originalActionId,
          status: isNegative(commissionAmount) ? 'reversed' : statusOf(row),
          statusRaw: row.actionStatus,
          saleAmount: sale === null ? ZERO : decimal(sale),
          commissionAmount,
          currency: publisherCurrency,
          occurredAt: instant(row.eventDate),
          clickedAt: optional(instant, row.clickDate),
          lockedAt: optional(instant, row.lockingDate),
          programId: row.advertiserId,
          programName: row.advertiserName,
          subId: row.shopperId ?? row.sid,
          orderRef: row.orderId,
        };
      },
      identify: (raw) => Identity.parse(raw).commissionId,
    },
    programs: advertisers,
  },
  link: {
    subId: SUB_ID,
    build({ destination, subId, placement }, { propertyId }) {
      const [, property = propertyId, ad] = /^(?:(\d+)-)?(\d+)$/.exec(placement ?? '') ?? [];
      if (!ad || !property) {
        throw new SetupError(
          'A CJ link needs an ad id (AID) of the advertiser, and the property id (PID) of the account.',
        );
      }
      const sub = subId === null ? '' : `${SUB_ID.parameter}=${subIdThatFits(SUB_ID, subId)}&`;
      const target = encodeURIComponent(destinationThatFits(destination));
      return `https://www.anrdoezrs.net/click-${property}-${ad}?${sub}url=${target}`;
    },
  },
});

function argumentsOf({ pass, start, end, ids }: Question): Arguments {
  if (pass.by === 'open-ids') return { commissionIds: ids };
  const date = DATES[pass.name];
  return { [`since${date}`]: `${utcWallClock(start)}Z`, [`before${date}`]: `${utcWallClock(end)}Z` };
}

/** An answer that says that there is more, but not from where, must not pass for the last one. */
function following({ payloadComplete, maxCommissionId }: z.output<typeof Commissions>): string | null {
  if (payloadComplete) return null;
  if (maxCommissionId) return maxCommissionId;
  throw new SchemaDriftError('CJ says that its answer is incomplete, but not where it goes on.', null);
}

function statusOf({ validationStatus, actionStatus }: z.output<typeof Commission>): Status {
  return validationStatus === 'DECLINED' ? 'reversed' : statusFrom(STATUSES, actionStatus);
}

import { addDays, DAY_MS, utcDay } from '../core/time-window.ts';

/** The first moment of the generated month. */
export const START = new Date('2026-06-01T00:00:00Z');
const MONTH_DAYS = 30;
const PROGRAMS = 60;
const WORDS = ['pending', 'approved', 'approved', 'declined'] as const;

export interface AnswerPlan {
  readonly rows: number;
  readonly rowsPerAnswer: number;
  /** One row in so many has another amount than the same row of revision 0; none where it is left out. */
  readonly changedEvery?: number;
  /** Tells one set of changes from the next. */
  readonly revision?: number;
}

/** A month of Awin's transactions, oldest first, as the JSON text of its answers. The same plan gives the same text. */
export function* awinAnswers({ rows, rowsPerAnswer, changedEvery, revision = 0 }: AnswerPlan): Generator<string> {
  for (let from = 0; from < rows; from += rowsPerAnswer) {
    const size = Math.min(rowsPerAnswer, rows - from);
    const isChanged = (number: number) => changedEvery !== undefined && number % changedEvery === 0;
    const answer = Array.from({ length: size }, (_, index) => {
      const number = from + index;
      const at = new Date(START.getTime() + Math.floor((number / rows) * MONTH_DAYS * DAY_MS));
      return awinTransaction(number, at, isChanged(number) ? revision : 0);
    });
    yield JSON.stringify(answer);
  }
}

/** One transaction with every field that Awin documents; about 1.3 kB of JSON. */
export function awinTransaction(number: number, occurredAt: Date, revision = 0) {
  const program = (number * 7) % PROGRAMS;
  const currency = program % 3 === 0 ? 'GBP' : 'EUR';
  const status = WORDS[number % WORDS.length] ?? 'pending';
  const cents = 1_000 + ((number * 7_919) % 25_000) + revision;
  const amount = (value: number) => ({ amount: value / 100, currency });
  return {
    id: 2_100_000_000 + number,
    url: `https://shop-${program}.example/products/${number % 977}`,
    advertiserId: 80_000 + program,
    publisherId: 440022,
    commissionSharingPublisherId: 0,
    commissionSharingSelectedRatePublisherId: 0,
    campaign: '',
    siteName: 'Quiet Garden',
    commissionStatus: status,
    commissionAmount: amount(Math.round(cents / 20)),
    saleAmount: amount(cents),
    ipHash: '-1',
    customerCountry: 'DE',
    clickRefs: number % 4 === 0 ? null : { clickRef: `post-${number % 613}`, clickRef2: '' },
    clickDate: wallClock(addDays(occurredAt, -(number % 9) / 4)),
    transactionDate: wallClock(occurredAt),
    validationDate: status === 'pending' ? null : wallClock(addDays(occurredAt, 20)),
    type: 'Commission group transaction',
    declineReason: status === 'declined' ? 'Order cancelled' : null,
    voucherCodeUsed: false,
    voucherCode: '',
    lapseTime: (number % 9) * 21_600,
    amended: false,
    amendReason: null,
    oldSaleAmount: null,
    oldCommissionAmount: null,
    clickDevice: 'Windows',
    transactionDevice: 'Windows',
    publisherUrl: 'https://quiet-garden.example/',
    advertiserCountry: 'DE',
    orderRef: `ORDER-${utcDay(occurredAt)}-${number}`,
    customParameters: null,
    transactionParts: [
      {
        commissionGroupId: 9001,
        amount: cents / 100,
        commissionAmount: Math.round(cents / 20) / 100,
        commissionGroupCode: 'DEFAULT',
        commissionGroupName: 'Default',
        advertiserCost: null,
        trackedParts: null,
      },
    ],
    paidToPublisher: false,
    paymentId: 0,
    transactionQueryId: 0,
    originalSaleAmount: null,
    advertiserCost: null,
  };
}

function wallClock(at: Date): string {
  return at.toISOString().slice(0, 19);
}

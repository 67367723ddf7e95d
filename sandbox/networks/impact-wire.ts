import { addDays, DAY_MS, type TimeWindow } from '../../core/time-window.ts';
import { json, type WireAnswer, type WireRequest } from '../wire.ts';
import type { World } from '../world.ts';
import { offsetText } from '../zone.ts';

export const ACCOUNT_SID = 'IRsandbox7340';
/** A setting of the account. Its offset changes with summer time inside one answer. */
const ACCOUNT_ZONE = 'America/Los_Angeles';
const MOST_DAYS = 45;
const MOST_YEARS_BACK = 3;
/** A list of more pages than this, by the page size asked for, is refused. */
const MOST_PAGES = 10;

/** What was asked of a list. */
export interface Asked {
  readonly world: World;
  readonly request: WireRequest;
  /** The sandbox gives smaller pages than were asked for, so that links must be followed. */
  readonly pageSize: number;
  readonly shifted: boolean;
}

/** impact.com's error shape. */
export function problem(status: number, message: string, errors?: readonly { Field: string; Message: string }[]) {
  return json(status, { Status: 'ERROR', Message: message, ...(errors ? { Errors: errors } : {}) });
}

/** A parameter that cannot be answered. */
export function invalid(field: string, message: string): WireAnswer {
  return problem(400, `Invalid value for ${field}`, [{ Field: field, Message: message }]);
}

/** One page of a list, with the addresses of its neighbours. Numbers are told as text; only rows of the page are told. */
export function page<Row>(
  asked: Asked,
  key: string,
  rows: readonly Row[],
  sizes: { least: number; most: number },
  tell: (row: Row) => unknown,
): WireAnswer {
  const { request, pageSize, shifted } = asked;
  const wished = Number(request.query.get('PageSize') ?? sizes.most);
  const size = Math.min(pageSize, wished);
  const number = Number(request.query.get('Page') ?? 1);
  if (!(wished >= sizes.least && wished <= sizes.most)) {
    return invalid('PageSize', `must be between ${sizes.least} and ${sizes.most}`);
  }
  if (rows.length > MOST_PAGES * wished) return invalid('PageSize', 'more than ten pages: ask for a smaller range');
  const pages = Math.max(1, Math.ceil(rows.length / size));
  if (!(number >= 1 && number <= pages)) return invalid('Page', `must be between 1 and ${pages}`);
  const from = (number - 1) * size;
  const shown = rows.slice(shifted ? Math.max(0, from - 1) : from, from + size).map(tell);
  const address = (to: number) => (to < 1 || to > pages ? '' : addressOf(request, to));
  return json(200, {
    '@page': String(number),
    '@numpages': String(pages),
    '@pagesize': String(size),
    '@total': String(rows.length),
    '@start': String(from),
    '@end': String(Math.max(from, from + shown.length - 1)),
    '@uri': addressOf(request, number),
    '@firstpageuri': address(1),
    '@previouspageuri': address(number - 1),
    '@nextpageuri': address(number + 1),
    '@lastpageuri': address(pages),
    // An empty list has been seen without its key, as null and as an empty object.
    ...(rows.length === 0
      ? [{}, { [key]: null }, { [key]: {} }, { [key]: [] }][request.query.toString().length % 4]
      : { [key]: shown }),
  });
}

function addressOf({ path, query }: WireRequest, number: number): string {
  const parameters = new URLSearchParams(query);
  parameters.set('Page', String(number));
  return `${path}?${parameters}`;
}

/** The windows that actions and their updates can be asked for by; or the answer that refuses one of them. */
export function windowsAsked(asked: Asked): Windows | WireAnswer {
  const updated = windowAsked(asked, 'StartDate', 'EndDate');
  const happened = windowAsked(asked, 'ActionDateStart', 'ActionDateEnd');
  const locks = windowAsked(asked, 'LockingDateStart', 'LockingDateEnd');
  for (const window of [updated, happened, locks]) if (isRefused(window)) return window;
  return { updated: updated ?? (happened || locks ? null : lastWeek(asked)), happened, locks } as Windows;
}

interface Windows {
  readonly updated: TimeWindow | null;
  readonly happened: TimeWindow | null;
  readonly locks: TimeWindow | null;
}

export function isRefused(asked: object | null): asked is WireAnswer {
  return asked !== null && 'status' in asked;
}

/** A window that the query names, null where it names none, or the answer that refuses it. */
export function windowAsked(asked: Asked, from: string, until: string): TimeWindow | WireAnswer | null {
  const { query } = asked.request;
  const [first, last] = [query.get(from), query.get(until)];
  if (first === null && last === null) return null;
  if (first === null || last === null) return invalid(first === null ? from : until, 'both dates are required');
  const [start, end] = [moment(first), moment(last)];
  if (!start || !end) return invalid(start ? until : from, 'must be an ISO 8601 date with time');
  if (end < start) return invalid(until, `must not be before ${from}`);
  if (end.getTime() - start.getTime() > MOST_DAYS * DAY_MS) {
    return problem(400, 'The date range is too long', [
      { Field: from, Message: `must be within ${MOST_DAYS} days of ${until}` },
    ]);
  }
  if (start < addDays(asked.world.clock.now(), -366 * MOST_YEARS_BACK)) {
    return invalid(from, `must not be more than ${MOST_YEARS_BACK} years ago`);
  }
  return { start, end };
}

/** Without any date a list reaches back seven days. */
export function lastWeek({ world }: Asked): TimeWindow {
  const end = world.clock.now();
  return { start: addDays(end, -7), end };
}

/** These windows include their end. Without one every moment will do. */
export function isWithin(window: TimeWindow | null, at: Date): boolean {
  return !window || (at >= window.start && at <= window.end);
}

/** A moment as the account's zone shows it, with its offset; an absent one is empty text here, never null. */
export function told(at: Date | undefined): string {
  return at ? offsetText(at, ACCOUNT_ZONE) : '';
}

function moment(text: string): Date | null {
  const at = new Date(text);
  return /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/.test(text) && !Number.isNaN(at.getTime()) ? at : null;
}

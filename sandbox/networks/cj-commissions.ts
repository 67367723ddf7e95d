import { addDays, DAY_MS } from '../../core/time-window.ts';
import { lockingDateAt } from '../lives/cj.ts';
import type { NetworkRow } from '../lives/row.ts';
import type { Mood } from '../wire.ts';
import type { World } from '../world.ts';
import { COMPANY_ID, type CommissionRecord, commissionRecord } from './cj-record.ts';

type Arguments = Readonly<Record<string, unknown>>;

const MOST_DAYS = 31;
const DATES = ['PostingDate', 'EventDate', 'LockingDate'] as const;
/** Lists by which records are chosen, and the field that each one looks at. */
const CHOICES = {
  commissionIds: 'commissionId',
  advertiserIds: 'advertiserId',
  adIds: 'aid',
  websiteIds: 'websiteId',
  actionStatuses: 'actionStatus',
  actionTypes: 'actionType',
  lockingMethods: 'lockingMethod',
  validationStatuses: 'validationStatus',
} as const satisfies Record<string, keyof CommissionRecord>;
const KNOWN = new Set([
  'forPublishers',
  'sinceCommissionId',
  ...DATES.flatMap((name) => [`since${name}`, `before${name}`]),
  ...Object.keys(CHOICES),
]);

/** One page of the records that were asked for, by rising id: later postings have greater ids. */
export function publisherCommissions(world: World, pageSize: number, args: Arguments, mood: Mood | undefined) {
  const unknown = Object.keys(args).find((name) => !KNOWN.has(name));
  if (unknown) throw new SyntaxError(`Unknown argument '${unknown}' on field 'publisherCommissions'`);
  if (!listOf(args.forPublishers)?.includes(COMPANY_ID)) {
    throw new SyntaxError('You are not authorized to view commissions of this publisher');
  }
  const found = rowsAsked(world, args);
  const cursor = isGiven(args.sinceCommissionId) ? Number(args.sinceCommissionId) : null;
  const following = found.findIndex(({ id }) => cursor === null || Number(id) > cursor);
  const from = following < 0 ? found.length : following;
  // A page that shifted begins with the row that closed the one before.
  const page = found.slice(mood?.shifted && cursor !== null ? Math.max(0, from - 1) : from, from + pageSize);
  return {
    count: page.length,
    limit: pageSize,
    maxCommissionId: page.at(-1)?.id ?? null,
    payloadComplete: from + pageSize >= found.length,
    records: page.map((row) => commissionRecord(world, row, world.clock.now())),
  };
}

function rowsAsked(world: World, args: Arguments): NetworkRow[] {
  const now = world.clock.now();
  const windows = windowsAsked(args, now);
  const choices = Object.entries(CHOICES).flatMap(([name, field]) => {
    const list = listOf(args[name]);
    return list ? [{ field, list: list.map((item) => item.toLowerCase()) }] : [];
  });
  const isChosen = (record: CommissionRecord) =>
    choices.every(({ field, list }) => list.includes(String(record[field]).toLowerCase()));
  const ids = listOf(args.commissionIds);
  return world
    .rows('cj', now)
    .filter((row) => !ids || ids.includes(row.id))
    .filter((row) => windows.every(({ dateOf, since, before }) => dateOf(row) >= since && dateOf(row) < before))
    .filter((row) => choices.length === 0 || isChosen(commissionRecord(world, row, now)))
    .sort((a, b) => Number(a.id) - Number(b.id));
}

/** Without any window the last day by posting date is meant, unless records are asked for by id. */
function windowsAsked(args: Arguments, now: Date) {
  const asked = DATES.filter((name) => isGiven(args[`since${name}`]) || isGiven(args[`before${name}`]));
  const names = asked.length > 0 || isGiven(args.commissionIds) ? asked : (['PostingDate'] as const);
  return names.map((name) => {
    const given = { since: moment(args[`since${name}`]), before: moment(args[`before${name}`]) };
    // A bound that is missing lies a day away from the other.
    const before = given.before ?? (given.since ? addDays(given.since, 1) : now);
    const since = given.since ?? addDays(before, -1);
    if (before.getTime() - since.getTime() > MOST_DAYS * DAY_MS) {
      throw new SyntaxError(`The range of ${name} must not be longer than ${MOST_DAYS} days`);
    }
    return { since, before, dateOf: (row: NetworkRow) => dateOf(row, name, now) };
  });
}

function dateOf(row: NetworkRow, name: (typeof DATES)[number], now: Date): Date {
  if (name === 'EventDate') return row.occurredAt;
  return name === 'PostingDate' ? row.states[0].from : lockingDateAt(row, now);
}

function moment(value: unknown): Date | null {
  if (!isGiven(value)) return null;
  const at = new Date(String(value));
  if (!/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(String(value)) || Number.isNaN(at.getTime())) {
    throw new SyntaxError(`'${String(value)}' is not a date of the form YYYY-MM-DDTHH:MM:SSZ`);
  }
  return at;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A single value stands for a list of one, as in any GraphQL. */
function listOf(value: unknown): string[] | null {
  if (!isGiven(value)) return null;
  return (Array.isArray(value) ? value : [value]).map(String);
}

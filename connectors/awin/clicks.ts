import { z } from 'zod';
import { SchemaDriftError } from '../../core/errors.ts';
import { daysOf } from '../../core/time-window.ts';
import type { ClicksOfDay, DaySnapshot, HttpClient, Stream } from '../contract.ts';
import { Id, OptionalText } from '../kit/fields.ts';

const Programmes = z.array(z.object({ primaryRegion: z.object({ countryCode: OptionalText }).nullish() }));
const Rows = z.array(z.unknown());
/** The documentation shows a bare array; a live answer in a wrapper has been reported. */
const Report = z.union([Rows, z.object({ body: Rows }).transform(({ body }) => body)]);
const ReportRow = z.object({ day: z.string(), advertiserId: Id, clicks: z.number().int().nonnegative() });

/** Clicks by day and programme: Awin counts them by advertiser, and tells of none alone. */
export const clicks: Stream<ClicksOfDay, { publisherId: string }> = {
  passes: [{ name: 'clicks', by: 'snapshot-day', every: 'night', maxWindowDays: 7, lookbackDays: 3, historyDays: 120 }],
  async *pages(http, question, { publisherId }) {
    const path = `/publishers/${publisherId}`;
    const regions = await regionsOf(http, path);
    for (const day of daysOf(question)) yield await reportOf(http, path, day, regions);
  },
  normalise(raw) {
    const { day, advertiserId, clicks } = ReportRow.parse(raw);
    return { day, programId: advertiserId, subId: null, clicks };
  },
};

/** A report is for one region. Those of the joined programmes are all that can have a click of ours. */
async function regionsOf(http: HttpClient, path: string): Promise<ReadonlySet<string>> {
  const programmes = await http.get(`${path}/programmes`, { relationship: 'joined' }, Programmes);
  const regions = new Set(programmes.flatMap(({ primaryRegion }) => primaryRegion?.countryCode ?? []));
  if (programmes.length > 0 && regions.size === 0) {
    throw new SchemaDriftError('No joined programme names its region, without which Awin reports no clicks.', null);
  }
  return regions;
}

/** A report has no date in its rows, so each day is asked for alone. */
async function reportOf(http: HttpClient, path: string, day: string, regions: Iterable<string>): Promise<DaySnapshot> {
  const rows: unknown[] = [];
  for (const region of regions) {
    const query = { startDate: day, endDate: day, region, timezone: 'UTC', dateType: 'transaction' };
    const report = await http.get(`${path}/reports/advertiser`, query, Report);
    rows.push(...report.map((row) => ({ ...Object(row), day })));
  }
  return { day, rows };
}

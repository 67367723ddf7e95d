import { z } from 'zod';
import { NetworkDownError } from '../../core/errors.ts';
import { DAY_MS, daysOf, SECOND_MS } from '../../core/time-window.ts';
import type { ClicksOfDay, DaySnapshot, HttpClient, Question } from '../contract.ts';
import { LenientList, OptionalText } from '../kit/fields.ts';
import { untilComplete } from '../kit/paginate.ts';
import { type Place, pathOf, versionOf } from './list.ts';

const POLL_MS = 10 * SECOND_MS;
/** An export takes minutes; after half an hour it is given up and asked for again on another day. */
const TRIES = 180;
const OVER = ['COMPLETED', 'CANCELLED', 'ERROR', 'FAILED'];

const Queued = z.object({ QueuedUri: z.string().min(1), ResultUri: z.string().min(1) });
const Job = z.object({ Status: z.string().transform((word) => word.toUpperCase()) });
/** Names are those of the export; the reference of a single click has others. Sub-ids stand in an array of their own. */
const Click = z.object({
  ProgramId: OptionalText,
  CampaignId: OptionalText,
  PartnerRelated: LenientList.pipe(z.array(z.looseObject({ SubId1: OptionalText }))),
});
/** The name of the outer array is not documented: an array, or an object that holds one. */
const Export = z
  .union([z.array(z.unknown()), z.record(z.string(), z.unknown()).transform(onlyList)])
  .pipe(z.array(Click));

/** Exports each finished day of the window and counts its clicks by program and sub-id. */
export async function* clickDays(
  http: HttpClient,
  { start, end }: Question,
  place: Place,
): AsyncGenerator<DaySnapshot> {
  const query = versionOf(place);
  const finished = daysOf({ start, end }).filter((day) => Date.parse(day) + DAY_MS <= end.getTime());
  for (const day of finished) {
    const request = { ...query, Date: day, ResultFormat: 'JSON' };
    const job = await http.get(pathOf('ClickExport', place), request, Queued);
    const done = await untilComplete(
      () => http.get(job.QueuedUri, query, Job),
      ({ Status }) => OVER.includes(Status),
      () => http.wait(POLL_MS),
      TRIES,
    );
    if (done?.Status !== 'COMPLETED') {
      throw new NetworkDownError(
        `impact.com did not finish the click export of ${day} (${done?.Status ?? 'still running'}). It is asked again later.`,
      );
    }
    // `Stream` answers with the file itself; without it the answer is a redirect to another host.
    const clicks = await http.get(job.ResultUri, { ...query, Mode: 'Stream' }, Export);
    yield { day, rows: countClicks(day, clicks) };
  }
}

function countClicks(day: string, clicks: readonly z.output<typeof Click>[]): ClicksOfDay[] {
  const counts = new Map<string, ClicksOfDay>();
  for (const click of clicks) {
    const programId = click.ProgramId ?? click.CampaignId;
    const subId = click.PartnerRelated.find(({ SubId1 }) => SubId1 !== null)?.SubId1 ?? null;
    const key = JSON.stringify([programId, subId]);
    counts.set(key, { day, programId, subId, clicks: (counts.get(key)?.clicks ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** An object without any array is an empty export only where it has nothing else to say either. */
function onlyList(body: Record<string, unknown>, context: z.RefinementCtx): unknown[] {
  const lists = Object.values(body).filter((value) => Array.isArray(value));
  const empty = Object.values(body).every(
    (value) => LenientList.parse(value).length === 0 && typeof value !== 'string',
  );
  if (lists.length === 1 && lists[0]) return lists[0];
  if (lists.length === 0 && empty) return [];
  context.addIssue({ code: 'custom', message: 'holds no list of clicks' });
  return z.NEVER;
}

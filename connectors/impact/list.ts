import { z } from 'zod';
import { NetworkDownError, RequestRefusedError } from '../../core/errors.ts';
import type { TimeWindow } from '../../core/time-window.ts';
import type { HttpClient, Query } from '../contract.ts';
import { LenientList, OptionalText } from '../kit/fields.ts';
import { byCursor, byHalves } from '../kit/paginate.ts';
import { utcWallClock } from '../kit/time.ts';

/** Ten pages answer one question at most: a hundred thousand actions, in answers of about 10 MB each. */
const PAGE_SIZE = 10_000;
/** A window that is too much for the network is halved while its halves are at least this long. */
const SMALLEST_DAYS = 7;

/** What every call needs of the credentials. */
export interface Place {
  readonly accountSid: string;
  readonly apiVersion: string;
}

export const pathOf = (resource: string, { accountSid }: Place) => `/Mediapartners/${accountSid}/${resource}`;
/** The version goes into the query as well as into a header: the two do not conflict, and one of them arrives. */
export const versionOf = ({ apiVersion }: Place) => ({ IrVersion: apiVersion });

/** The envelope of every list: text-valued paging keys beside the array. One of the two must be there. */
const envelopeOf = (key: string) =>
  z
    .looseObject({
      '@page': OptionalText,
      '@numpages': OptionalText,
      '@total': OptionalText,
      '@nextpageuri': z.string().nullish(),
      '@nextpageruri': z.string().nullish(), // as part of the documentation spells it
    })
    .refine((body) => key in body || body['@total'] !== null || body['@page'] !== null, {
      error: `has neither ${key} nor a page count`,
    })
    .transform((body) => ({
      rows: LenientList.parse(body[key]),
      page: Number(body['@page'] ?? 1),
      pages: Number(body['@numpages'] ?? 1),
      next: body['@nextpageuri'] ?? body['@nextpageruri'] ?? null,
    }));

/** Reads a list to its end. The address of the next page already holds the filters; without one, pages are counted. */
export async function* list(http: HttpClient, path: string, query: Query, key: string) {
  const envelope = envelopeOf(key);
  const fetchPage = (after?: string) => {
    if (after === undefined) return http.get(path, query, envelope);
    const counted = /^\d+$/.test(after);
    return http.get(counted ? path : after, counted ? { ...query, Page: after } : {}, envelope);
  };
  const following = byCursor(fetchPage, ({ next, page, pages }) => next ?? (page < pages ? String(page + 1) : null));
  for await (const { rows } of following) yield rows;
}

/** Asks for a window by the given date, in halves where it is too much at once. The list bears the resource's name. */
export function ranged(
  http: HttpClient,
  resource: 'Actions' | 'ActionUpdates' | 'Invoices',
  window: TimeWindow,
  [from, until]: readonly [string, string],
  place: Place,
) {
  const size = resource === 'Invoices' ? {} : { PageSize: PAGE_SIZE };
  const ask = ({ start, end }: TimeWindow) => {
    const last = new Date(end.getTime() + 999); // The whole second in which the window ends belongs to the question.
    const range = { [from]: `${utcWallClock(start)}Z`, [until]: `${utcWallClock(last)}Z` };
    return list(http, pathOf(resource, place), { ...range, ...size, ...versionOf(place) }, resource);
  };
  return byHalves(window, SMALLEST_DAYS, ask, tooMuch);
}

const tooMuch = (error: unknown) => error instanceof NetworkDownError || error instanceof RequestRefusedError;

import { SchemaDriftError } from '../../core/errors.ts';
import { DAY_MS, type TimeWindow } from '../../core/time-window.ts';

/** No list of a publisher is longer. A network that never says "last page" is ill, and we say so instead of looping. */
const MAX_PAGES = 20_000;

/** Follows a cursor until the network gives none. A cursor that comes twice would loop for ever: drift. */
export async function* byCursor<P>(
  fetchPage: (after: string | undefined) => Promise<P>,
  next: (page: P) => string | null | undefined,
): AsyncGenerator<P> {
  let cursor: string | undefined;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const page = await fetchPage(cursor);
    yield page;
    const following = next(page) || undefined;
    if (following === undefined) return;
    if (following === cursor) throw new SchemaDriftError(`The network gave the same cursor twice: "${cursor}".`, null);
    cursor = following;
  }
  throw endless();
}

/** Follows the address of the next page, relative or absolute, until there is none. */
export function byLink<P>(
  first: string,
  fetchPage: (address: string) => Promise<P>,
  next: (page: P) => string | null | undefined,
): AsyncGenerator<P> {
  return byCursor((after) => fetchPage(after ?? first), next);
}

/** Counts pages from 1 until `isLast` says so. */
export async function* byPage<P>(
  fetchPage: (page: number) => Promise<P>,
  isLast: (page: P, number: number) => boolean,
): AsyncGenerator<P> {
  for (let number = 1; number <= MAX_PAGES; number += 1) {
    const page = await fetchPage(number);
    yield page;
    if (isLast(page, number)) return;
  }
  throw endless();
}

/** Counts rows from 0 in steps of `limit` until a page has fewer. */
export async function* byOffset<P>(
  limit: number,
  fetchPage: (offset: number) => Promise<P>,
  size: (page: P) => number,
): AsyncGenerator<P> {
  for (let offset = 0; offset < MAX_PAGES * limit; offset += limit) {
    const page = await fetchPage(offset);
    yield page;
    if (size(page) < limit) return;
  }
  throw endless();
}

/** Asks again until a job that the network prepares is done; gives up after `tries`. */
export async function untilComplete<P>(
  ask: () => Promise<P>,
  isDone: (answer: P) => boolean,
  wait: () => Promise<void>,
  tries: number,
): Promise<P | null> {
  for (let count = 0; count < tries; count += 1) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    await wait();
  }
  return null;
}

/**
 * Asks about a window whole; where the network finds that too much, in halves of at least `smallestDays`. The first
 * failure stands when the first half fares no better, and so does any failure after a page: width is not to blame.
 */
export async function* byHalves<P>(
  window: TimeWindow,
  smallestDays: number,
  ask: (window: TimeWindow) => AsyncIterable<P>,
  isTooMuch: (error: unknown) => boolean,
): AsyncGenerator<P> {
  const half = Math.round((window.end.getTime() - window.start.getTime()) / 2);
  let failure: unknown;
  let pages = 0;
  try {
    for await (const page of ask(window)) {
      pages += 1;
      yield page;
    }
    return;
  } catch (error) {
    if (pages > 0 || half < smallestDays * DAY_MS || !isTooMuch(error)) throw error;
    failure = error;
  }
  const middle = new Date(window.start.getTime() + half);
  try {
    for await (const page of byHalves({ start: window.start, end: middle }, smallestDays, ask, isTooMuch)) {
      pages += 1;
      yield page;
    }
  } catch (error) {
    throw pages > 0 ? error : failure;
  }
  yield* byHalves({ start: middle, end: window.end }, smallestDays, ask, isTooMuch);
}

function endless(): SchemaDriftError {
  return new SchemaDriftError(`The network went on giving pages after ${MAX_PAGES}.`, null);
}

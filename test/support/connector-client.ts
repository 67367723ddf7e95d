import type { Connector, HttpClient, Page, Question } from '../../connectors/contract.ts';
import { createHttpClient } from '../../connectors/kit/http-client.ts';
import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import type { Clock } from '../../core/clock.ts';

/** A clock that passes its waits in no time, and remembers them. */
export function patientClock(start = new Date('2026-03-31T00:00:00Z')): Clock & { readonly waits: number[] } {
  let now = start.getTime();
  const waits: number[] = [];
  return {
    waits,
    now: () => new Date(now),
    async sleep(ms) {
      waits.push(ms);
      now += ms;
    },
  };
}

/** The product's own client for one connector: what nock answers comes through it as it would in a run. */
export function clientFor(
  connector: Connector,
  credentials: Readonly<Record<string, unknown>>,
  clock: Clock = patientClock(),
): HttpClient {
  return createHttpClient({ connector, credentials, clock, limiter: memoryLimiter(clock), tokens: memoryTokenStore() });
}

/** A question of one pass, by its name, over a window given in ISO text. */
export function questionOf(
  { streams }: Connector,
  passName: string,
  { start = '2026-03-01T00:00:00Z', end = '2026-03-31T00:00:00Z', ids = [] as readonly string[] } = {},
): Question {
  const pass = Object.values(streams)
    .flatMap((stream) => stream.passes)
    .find(({ name }) => name === passName);
  if (!pass) throw new Error(`There is no pass "${passName}".`);
  return { pass, start: new Date(start), end: new Date(end), ids };
}

export async function collect(pages: AsyncIterable<Page>): Promise<Page[]> {
  const all: Page[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

import { z } from 'zod';
import { type Connector, defineConnector } from '../../../connectors/contract.ts';
import { createHttpClient, type HttpClientOptions } from '../../../connectors/kit/http-client.ts';
import { memoryLimiter } from '../../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../../connectors/kit/tokens.ts';
import type { Clock } from '../../../core/clock.ts';

export const SECRET = 'pl4nted/s3cret+key=';
export const HOST = 'https://api.lumora.example';
export const START = new Date('2026-03-01T00:00:00Z');

/** A network that exists for the tests of the kit only. */
export function exampleNetwork(changes: Partial<Connector> = {}): Connector {
  const lumora = defineConnector({
    id: 'lumora',
    name: 'Lumora',
    docsUrl: 'https://docs.lumora.example',
    verifiedOn: null,
    hosts: ['api.lumora.example', 'files.lumora.example'],
    limits: { parallel: 1 },
    credentials: z.object({
      accountId: z.string(),
      apiKey: z.string().min(4).meta({ title: 'API key', secret: true }),
    }),
    reports: { timeZone: 'UTC', currency: 'row' },
    authorise: ({ apiKey }, token) => ({ authorization: `Bearer ${token || apiKey}` }),
    check: async () => ({ label: 'Lumora', currency: null }),
    streams: {
      conversions: {
        passes: [],
        async *pages() {},
        normalise: () => null,
      },
    },
  });
  return { ...lumora, ...changes };
}

/** Time passes only where somebody sleeps. */
export function simulatedClock(): Clock & { readonly slept: number[] } {
  let now = START.getTime();
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(now),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

/** A client of the example network, with everything else that it needs. */
export function exampleClient(changes: Partial<HttpClientOptions> = {}) {
  const clock = simulatedClock();
  const http = createHttpClient({
    connector: exampleNetwork(),
    credentials: { accountId: '440022', apiKey: SECRET },
    clock,
    limiter: memoryLimiter(changes.clock ?? clock),
    tokens: memoryTokenStore(),
    ...changes,
  });
  return { http, clock };
}

/** What a call threw; a call that throws nothing fails the test. */
export async function thrownBy(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) throw new Error(`It answered ${JSON.stringify(outcome.value)} where an error was due.`);
  return outcome.error as Error & Record<string, unknown>;
}

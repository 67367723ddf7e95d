import { randomInt } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Limiter } from '../connectors/kit/limiter.ts';
import { addDays } from '../core/time-window.ts';
import { listAccounts, moveOrigin } from '../db/queries/accounts.ts';
import { createSandbox } from '../sandbox/sandbox.ts';
import { serveSandbox } from '../sandbox/serve.ts';
import { createWorld } from '../sandbox/world.ts';
import { connectAccount } from '../workers/connect-account.ts';
import type { OpenEngine } from '../workers/open-engine.ts';
import { realClock } from '../workers/real-clock.ts';

/** Days of the simulated world that lie before the first start. */
export const DEMO_DAYS = 120;
const SALES_PER_DAY = 6;

const WorldFacts = z.object({ seed: z.number().int(), start: z.iso.datetime() });

export interface Demo {
  /** Where the simulated networks are. */
  readonly origin: string;
  readonly networks: readonly string[];
  close(): Promise<void>;
}

/** A network that is simulated here need not be spared: the demo is there in a minute instead of an hour. */
export const demoLimiter: Limiter = { take: async () => () => {} };

/**
 * Serves a simulated world on a port of its own and connects one account to each of its networks. The world is the same at
 * every start of the data folder, and lives on with the clock of this machine.
 */
export async function startDemo({ engine, keys, db }: OpenEngine, dataDir: string, timeZone: string): Promise<Demo> {
  const { seed, start } = await worldFacts(dataDir);
  const world = createWorld({ seed, start: new Date(start), clock: realClock, salesPerDay: SALES_PER_DAY });
  const sandbox = createSandbox({ world, unlimited: true });
  const { origin, close } = await serveSandbox(sandbox, { port: 0 });
  await moveOrigin(db, origin);
  const connected = new Set((await listAccounts(db)).map(({ network }) => network));
  for (const { id: network } of sandbox.networks) {
    if (connected.has(network)) continue;
    const credentials = sandbox.credentialsFor(network);
    await connectAccount(engine, keys, {
      network,
      name: 'demo',
      credentials,
      timeZone,
      historyDays: DEMO_DAYS,
      origin,
    });
  }
  return { origin, networks: sandbox.networks.map(({ id }) => id), close };
}

async function worldFacts(dataDir: string): Promise<z.infer<typeof WorldFacts>> {
  const file = join(dataDir, 'demo.json');
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null) return WorldFacts.parse(JSON.parse(kept));
  const facts = { seed: randomInt(1, 1_000_000), start: addDays(realClock.now(), -DEMO_DAYS - 1).toISOString() };
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, `${JSON.stringify(facts, null, 2)}\n`);
  return facts;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Connector } from '../connectors/contract.ts';
import { memoryTokenStore } from '../connectors/kit/tokens.ts';
import { connectors } from '../connectors/registry.ts';
import { silentLog } from '../core/log.ts';
import { addDays } from '../core/time-window.ts';
import type { Database } from '../db/client.ts';
import { addAccount } from '../db/queries/accounts.ts';
import { SimulatedClock } from '../sandbox/clock.ts';
import { planBackfill } from '../workers/connect-account.ts';
import type { Engine } from '../workers/engine.ts';
import { syncPass } from '../workers/sync-pass.ts';
import type { Topic } from './bench.ts';
import { figure } from './figure.ts';
import { race } from './race.ts';

const CHILD = new URL('./serve-world.ts', import.meta.url);
const START = new Date('2026-02-01T00:00:00Z');
const DAYS = 28;

interface ServedWorld {
  readonly origin: string;
  readonly credentials: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Every connector reads the history of its simulated network over HTTP, one after the other. */
export const endToEnd: Topic = {
  names: ['sync.endToEnd'],
  async measure({ server, rows, rounds }) {
    const world = await serveWorld(rows / 5 / connectors.length / DAYS);
    const counts: number[] = [];
    const { sync } = await race(rounds + 1, {
      sync: async () => {
        const db = await server.fresh();
        const after = async () => {
          counts.push(await rowsRead(db));
          await db.drop();
        };
        return { work: () => syncAll(db, world.served), after };
      },
    });
    await world.stop();
    // The first round only made the sandbox draw its world.
    const perSecond = sync.map((seconds, round) => (counts[round] ?? 0) / seconds).slice(1);
    return [figure('sync.endToEnd', 'rows/s', perSecond)];
  },
};

async function syncAll(db: Database, { origin, credentials }: ServedWorld): Promise<void> {
  for (const connector of connectors) {
    const engine = engineFor(db, connector, credentials[connector.id] ?? {});
    const connectedAt = engine.clock.now();
    const { id } = await addAccount(db, { network: connector.id, name: 'bench', timeZone: 'UTC', origin, connectedAt });
    await planBackfill(db, connector, { id, connectedAt }, DAYS);
    for (const { name: pass } of connector.streams.conversions.passes.filter(({ historyDays }) => historyDays)) {
      let remaining = true;
      while (remaining) ({ remaining } = await syncPass(engine, { accountId: id, pass, kind: 'back-fill' }));
    }
  }
}

function engineFor(db: Database, connector: Connector, credentials: Record<string, unknown>): Engine {
  const tokens = memoryTokenStore();
  return {
    db,
    connectorById: () => connector,
    clock: new SimulatedClock(addDays(START, DAYS)),
    limiter: { take: async () => () => {} },
    openCredentials: async () => credentials,
    tokensFor: () => tokens,
    log: silentLog,
  };
}

async function rowsRead({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ read: number }>('select sum(rows_read)::integer as read from runs');
  return rows[0]?.read ?? 0;
}

/** The sandbox in a process of its own, as a network is. */
async function serveWorld(salesPerDay: number) {
  const args = [START.toISOString(), addDays(START, DAYS).toISOString(), String(salesPerDay)];
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(CHILD), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    served: JSON.parse(String(line)) as ServedWorld,
    async stop() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

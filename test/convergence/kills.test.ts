import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithBooks } from '../../cli/check/compare-books.ts';
import { connectorById } from '../../connectors/registry.ts';
import { addDays } from '../../core/time-window.ts';
import { type Database, openDatabase } from '../../db/client.ts';
import { addAccount } from '../../db/queries/accounts.ts';
import { bookAt } from '../../sandbox/book.ts';
import { SimulatedClock } from '../../sandbox/clock.ts';
import { faultPlan } from '../../sandbox/faults.ts';
import { SIMULATED_NETWORKS } from '../../sandbox/merchants.ts';
import { Random } from '../../sandbox/random.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { serveSandbox } from '../../sandbox/serve.ts';
import { createWorld } from '../../sandbox/world.ts';
import { planBackfill } from '../../workers/connect-account.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import type { SyncOrder } from '../support/sync-child.ts';

const CHILD = fileURLToPath(new URL('../support/sync-child.ts', import.meta.url));
const START = new Date('2026-02-20T00:00:00Z');
const PAST_DAYS = 20;
const SEEDS = Array.from({ length: 20 }, (_, index) => 1_001 + index);

/** A process that syncs; another one always stands by, because starting takes longer than syncing. */
class Syncer {
  #standby = this.#start();
  #current: Promise<ChildProcess> | null = null;

  /** Lets the order be carried out whole, or kills the process that carries it out after so many milliseconds. */
  async run(order: SyncOrder, killAfterMs?: number): Promise<void> {
    const child = await this.#take();
    child.send(order);
    if (killAfterMs !== undefined) {
      await pause(killAfterMs);
      child.kill('SIGKILL');
      this.#current = null;
      await once(child, 'exit');
      return;
    }
    const [answer] = await once(child, 'message');
    if (answer !== 'done') throw new Error(String(answer));
  }

  async stop(): Promise<void> {
    for (const child of [await this.#current, await this.#standby]) child?.kill('SIGKILL');
  }

  async #take(): Promise<ChildProcess> {
    if (!this.#current) {
      this.#current = this.#standby;
      this.#standby = this.#start();
    }
    return this.#current;
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(CHILD, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(child, 'message');
    return child;
  }
}

describe('a process that is killed without warning', () => {
  const held: { test?: TestDatabase; db?: Database; syncer?: Syncer } = {};
  beforeAll(async () => {
    held.test = await createTestDatabase();
    held.db = openDatabase(held.test.url);
    held.syncer = new Syncer();
  });
  afterAll(async () => {
    await held.syncer?.stop();
    await held.db?.close();
    await held.test?.drop();
  });

  it.each(SEEDS)('loses and doubles nothing over real sockets (seed %i)', { timeout: 120_000 }, async (seed) => {
    const { test, db, syncer } = held as Required<typeof held>;
    const random = new Random(seed, 'kills');
    const clock = new SimulatedClock(START);
    const networks = [0, 2].map((step) => SIMULATED_NETWORKS[(seed + step) % SIMULATED_NETWORKS.length] ?? 'awin');
    const world = createWorld({ seed, start: START, clock, networks, salesPerDay: 3 });
    const faults = faultPlan({ seed, level: 'some' });
    const sandbox = createSandbox({ world, faults, unlimited: true });
    const { origin, close } = await serveSandbox(sandbox, { port: 0 });
    try {
      clock.advanceTo(addDays(START, PAST_DAYS));
      const accounts: SyncOrder['accounts'][number][] = [];
      for (const network of networks) {
        const connectedAt = clock.now();
        const account = await addAccount(db, { network, name: `seed ${seed}`, timeZone: 'UTC', connectedAt, origin });
        await planBackfill(db, connectorById(network), account, PAST_DAYS);
        accounts.push({ id: account.id, network, credentials: { ...sandbox.credentialsFor(network) } });
      }
      const order = () => ({ databaseUrl: test.url, now: clock.now().toISOString(), accounts });
      for (let life = 0; life < 2; life += 1) {
        await syncer.run(order(), random.whole(20, 500));
        clock.advanceTo(addDays(clock.now(), random.whole(1, 4)));
      }
      faults.calm();
      await syncer.run(order());
      for (const [index, network] of networks.entries()) {
        const book = bookAt(world, network, clock.now());
        expect(book.length).toBeGreaterThan(20);
        expect(await compareWithBooks(db, accounts[index]?.id ?? 0, book)).toEqual([]);
      }
    } finally {
      await close();
    }
  });
});

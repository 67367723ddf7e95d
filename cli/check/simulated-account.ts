import type { AxiosAdapter } from 'axios';
import type { StreamName } from '../../connectors/contract.ts';
import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import { connectorById } from '../../connectors/registry.ts';
import { silentLog } from '../../core/log.ts';
import { HOUR_MS } from '../../core/time-window.ts';
import type { Database } from '../../db/client.ts';
import { addAccount, resumeAccount } from '../../db/queries/accounts.ts';
import type { SimulatedClock } from '../../sandbox/clock.ts';
import type { SimulatedNetworkId } from '../../sandbox/merchants.ts';
import type { Random } from '../../sandbox/random.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { sandboxAdapter } from '../../sandbox/serve.ts';
import { planBackfill } from '../../workers/connect-account.ts';
import type { Engine } from '../../workers/engine.ts';
import { findPass, passesOf } from '../../workers/pass-run.ts';
import type { SyncJob } from '../../workers/sync-job.ts';
import { syncPass } from '../../workers/sync-pass.ts';

/** What may go wrong on our own side while a page is saved. Mutable: the check ends in calm. */
export interface Luck {
  readonly random: Random;
  crashChance: number;
}

const MOST_ATTEMPTS = 5;
const PAUSE_MS = 2 * HOUR_MS;
const MONEY: readonly StreamName[] = ['conversions', 'settlements'];

/** Stands for a process that dies at this point; nothing catches it but the check itself. */
class Crash extends Error {}

/** An account at a simulated network, read by the real connector through the real engine. */
export class SimulatedAccount {
  readonly id: number;
  readonly network: SimulatedNetworkId;
  readonly #engine: Engine;
  readonly #luck: Luck;
  readonly #unread: Set<string>;
  #trouble = 'nothing failed';

  private constructor(id: number, network: SimulatedNetworkId, engine: Engine, luck: Luck, unread: string[]) {
    this.id = id;
    this.network = network;
    this.#engine = engine;
    this.#luck = luck;
    this.#unread = new Set(unread);
  }

  static async connect(
    db: Database,
    {
      network,
      name,
      clock,
      sandbox,
      luck,
      pastDays,
    }: {
      network: SimulatedNetworkId;
      name: string;
      clock: SimulatedClock;
      sandbox: Sandbox;
      luck: Luck;
      pastDays: number;
    },
  ): Promise<SimulatedAccount> {
    const connector = connectorById(network);
    const account = await addAccount(db, { network, name, timeZone: 'UTC', connectedAt: clock.now() });
    const tokens = memoryTokenStore();
    const engine: Engine = {
      db,
      connectorById,
      clock,
      limiter: memoryLimiter(clock),
      openCredentials: async () => ({ ...sandbox.credentialsFor(network) }),
      tokensFor: () => tokens,
      log: silentLog,
      adapter: sandboxAdapter(sandbox) as AxiosAdapter,
      onStep: () => {
        if (luck.random.chance(luck.crashChance)) throw new Crash('The process died here.');
      },
    };
    const unread = await planBackfill(db, connector, account, pastDays);
    return new SimulatedAccount(account.id, network, engine, luck, unread);
  }

  /**
   * Runs every pass once, in any order, and some of them twice at the same time as a queue may do. What fails, fails:
   * that is what the check is about. Returns whether all that money hangs on went well; a network that gives clicks ten
   * times a day may refuse more of them.
   */
  async syncAll(): Promise<boolean> {
    await resumeAccount(this.#engine.db, this.id); // an owner who sees a paused account tries again
    const connector = this.#engine.connectorById(this.network);
    let allWell = true;
    for (const { name: pass } of shuffled(passesOf(connector), this.#luck.random)) {
      const isMoney = MONEY.includes(findPass(connector, pass).stream);
      const attempts = isMoney ? MOST_ATTEMPTS : 1;
      const live = await this.#run({ accountId: this.id, pass, kind: 'live' }, attempts);
      const past =
        !this.#unread.has(pass) || (await this.#run({ accountId: this.id, pass, kind: 'back-fill' }, attempts));
      if (isMoney) allWell &&= live && past;
    }
    return allWell;
  }

  /** The last thing that failed, for a report. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Tries as often as a queue would, some hours apart. */
  async #run(job: SyncJob, attempts: number): Promise<boolean> {
    for (let attempt = 1; attempt < attempts; attempt += 1) {
      if (await this.#try(job)) return true;
      await this.#engine.clock.sleep(PAUSE_MS);
    }
    return this.#try(job);
  }

  async #try(job: SyncJob): Promise<boolean> {
    const deliveries = this.#luck.crashChance > 0 && this.#luck.random.chance(0.1) ? [job, job] : [job];
    const results = await Promise.allSettled(deliveries.map((delivered) => syncPass(this.#engine, delivered)));
    const done = results.find((result) => result.status === 'fulfilled');
    const failed = results.find((result) => result.status === 'rejected');
    if (!done) this.#trouble = `${job.pass} (${job.kind}): ${failed?.reason}`;
    if (job.kind === 'back-fill' && done && !done.value.remaining) this.#unread.delete(job.pass);
    return done !== undefined;
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.whole(0, left.length - 1), 1));
}

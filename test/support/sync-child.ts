import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import { connectorById } from '../../connectors/registry.ts';
import { silentLog } from '../../core/log.ts';
import { openDatabase } from '../../db/client.ts';
import { SimulatedClock } from '../../sandbox/clock.ts';
import type { Engine } from '../../workers/engine.ts';
import { syncPass } from '../../workers/sync-pass.ts';

/** What the parent asks of this process, which it may kill at any moment. */
export interface SyncOrder {
  readonly databaseUrl: string;
  readonly now: string;
  readonly accounts: readonly { id: number; network: string; credentials: Record<string, string> }[];
}

/** Runs every pass that money hangs on, of every account, until all have gone well, as often as it takes. */
async function carryOut({ databaseUrl, now, accounts }: SyncOrder): Promise<void> {
  const clock = new SimulatedClock(new Date(now));
  const db = openDatabase(databaseUrl);
  for (const { id, network, credentials } of accounts) {
    const tokens = memoryTokenStore();
    const engine: Engine = {
      db,
      connectorById,
      clock,
      limiter: memoryLimiter(clock),
      openCredentials: async () => credentials,
      tokensFor: () => tokens,
      log: silentLog,
    };
    const { conversions, settlements } = connectorById(network).streams;
    for (const { name: pass, historyDays } of [...conversions.passes, ...(settlements?.passes ?? [])]) {
      await untilWell(() => syncPass(engine, { accountId: id, pass, kind: 'live' }));
      if (historyDays) await untilWell(() => syncPass(engine, { accountId: id, pass, kind: 'back-fill' }));
    }
  }
  await db.close();
}

const MOST_TRIES = 50;

async function untilWell(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries >= MOST_TRIES) throw error;
    }
  }
}

process.on('message', (order: SyncOrder) => {
  carryOut(order).then(
    () => process.send?.('done'),
    (error: unknown) => process.send?.(`failed: ${error instanceof Error ? error.stack : String(error)}`),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

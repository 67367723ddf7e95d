import { Redis } from 'ioredis';
import { connectorById } from '../connectors/registry.ts';
import type { Config } from '../core/config.ts';
import type { Log } from '../core/log.ts';
import { type Database, openDatabase } from '../db/client.ts';
import { loadMasterKeys, type MasterKeys } from '../db/master-keys.ts';
import { migrate } from '../db/migrate.ts';
import { postgresTokenStore } from '../db/token-store.ts';
import { openCredentials } from '../db/vault.ts';
import type { Engine } from './engine.ts';
import { realClock } from './real-clock.ts';
import { postgresLimits, redisLimits, sharedLimiter } from './shared-limiter.ts';

export interface OpenEngine {
  readonly engine: Engine;
  readonly db: Database;
  readonly keys: MasterKeys;
  close(): Promise<void>;
}

/** Each sync holds a connection for its lock and borrows another to save; requests and reports take the rest. */
const CONNECTIONS_PER_SYNC = 2;
const CONNECTIONS_BESIDE = 4;

/** Opens a database, brings it up to date, finds the master key, and puts the real engine on it. */
export async function openEngine(databaseUrl: string, config: Config, log: Log): Promise<OpenEngine> {
  await migrate(databaseUrl);
  const db = openDatabase(databaseUrl, { max: config.concurrency * CONNECTIONS_PER_SYNC + CONNECTIONS_BESIDE });
  const redis = config.redisUrl ? new Redis(config.redisUrl, { maxRetriesPerRequest: 3 }) : null;
  redis?.on('error', (error) => log.warn({ reason: error.message }, 'Redis cannot be reached'));
  const store = redis ? redisLimits(redis) : postgresLimits(db.pool);
  const limiter = sharedLimiter({ clock: realClock, store });
  const close = async () => {
    await limiter.settled();
    redis?.disconnect();
    await db.close();
  };
  try {
    const keys = await loadMasterKeys({ dataDir: config.dataDir, env: config.masterKey, db });
    const engine: Engine = {
      db,
      connectorById,
      clock: realClock,
      limiter,
      openCredentials: (accountId) => openCredentials(db, keys, accountId),
      tokensFor: (accountId) => postgresTokenStore(db, keys, accountId, realClock),
      log,
    };
    return { engine, db, keys, close };
  } catch (error) {
    await close();
    throw error;
  }
}

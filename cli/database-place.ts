import type { Config } from '../core/config.ts';
import { attachEmbedded } from '../db/embedded/attach.ts';
import { startEmbedded } from '../db/embedded/launcher.ts';

/** Where the database is, for as long as this process needs it. */
export interface DatabasePlace {
  readonly url: string;
  /** For people: where their data lives. */
  readonly description: string;
  stop(): Promise<void>;
}

/**
 * The server that DATABASE_URL names; else the one that a running `up` has on this data folder; else one of our own, started
 * for this command and stopped after it. Throws a SetupError that says who is in the way.
 */
export async function openDatabasePlace(config: Config, { beside = true } = {}): Promise<DatabasePlace> {
  if (config.databaseUrl) {
    return { url: config.databaseUrl, description: 'PostgreSQL at DATABASE_URL', stop: async () => {} };
  }
  const running = beside ? await attachEmbedded(config.dataDir) : null;
  if (running) return { url: running, description: `PostgreSQL in ${config.dataDir}`, stop: async () => {} };
  const server = await startEmbedded({ dataDir: config.dataDir });
  return { url: server.url, description: `PostgreSQL in ${config.dataDir}`, stop: () => server.stop() };
}

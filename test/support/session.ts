import { randomBytes } from 'node:crypto';
import type { Session } from '../../cli/session.ts';
import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import { connectorById } from '../../connectors/registry.ts';
import { readConfig } from '../../core/config.ts';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../db/client.ts';
import { loadMasterKeys } from '../../db/master-keys.ts';
import { openCredentials } from '../../db/vault.ts';
import { sandboxAdapter } from '../../sandbox/serve.ts';
import type { Engine } from '../../workers/engine.ts';
import type { Stage } from '../sandbox/sandbox-client.ts';

/** A session as a command has one, on a simulated world: no socket, no waiting, keys of its own. */
export async function sessionOn(
  { db, url }: { readonly db: Database; readonly url: string },
  { clock, sandbox }: Stage,
  signal = new AbortController().signal,
): Promise<Session> {
  const env = {
    DATABASE_URL: url,
    TRIBUTARY_MASTER_KEY: randomBytes(32).toString('base64'),
    TRIBUTARY_TIME_ZONE: 'UTC',
  };
  const config = readConfig(env);
  const keys = await loadMasterKeys({ dataDir: config.dataDir, env: config.masterKey, db });
  const tokens = new Map<number, ReturnType<typeof memoryTokenStore>>();
  const engine: Engine = {
    db,
    connectorById,
    clock,
    limiter: memoryLimiter(clock),
    openCredentials: (accountId) => openCredentials(db, keys, accountId),
    tokensFor: (accountId) => {
      const store = tokens.get(accountId) ?? memoryTokenStore();
      tokens.set(accountId, store);
      return store;
    },
    log: silentLog,
    adapter: sandboxAdapter(sandbox),
  };
  return { engine, db, keys, config, url, signal, close: async () => {} };
}

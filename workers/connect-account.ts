import type { AccountIdentity, Connector } from '../connectors/contract.ts';
import { createHttpClient } from '../connectors/kit/http-client.ts';
import { memoryTokenStore } from '../connectors/kit/tokens.ts';
import { SetupError } from '../core/errors.ts';
import { addDays } from '../core/time-window.ts';
import type { Database } from '../db/client.ts';
import type { MasterKeys } from '../db/master-keys.ts';
import { type Account, addAccount, purgeAccount } from '../db/queries/accounts.ts';
import { planHistory } from '../db/queries/checkpoints.ts';
import { ensureSchedules } from '../db/queries/schedules.ts';
import { storeCredentials } from '../db/vault.ts';
import type { Engine } from './engine.ts';
import { passesOf } from './pass-run.ts';
import { scheduleFor } from './schedule.ts';

export interface NewConnection {
  readonly network: string;
  readonly name: string;
  /** As the owner entered them. */
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly timeZone: string;
  /** How deep to read history, as far as the network tells. */
  readonly historyDays: number;
  readonly origin?: string | undefined;
}

/**
 * Connects an account: seals its keys, plans its schedules and its history. The queue takes it up from Postgres by itself.
 * Throws a SetupError where the keys do not fit the connector or the name is taken; nothing is stored then.
 */
export async function connectAccount(engine: Engine, keys: MasterKeys, wanted: NewConnection): Promise<Account> {
  const { db, clock } = engine;
  const connector = engine.connectorById(wanted.network);
  const credentials = parseCredentials(connector, wanted.credentials);
  const account = await addAccount(db, { ...wanted, connectedAt: clock.now() });
  try {
    await storeCredentials(db, keys, account.id, credentials);
    const schedules = passesOf(connector).map((pass) => ({
      pass: pass.name,
      ...scheduleFor(account.id, pass, wanted.timeZone),
    }));
    await ensureSchedules(db, account.id, schedules);
    await planBackfill(db, connector, account, wanted.historyDays);
  } catch (error) {
    await purgeAccount(db, account.id);
    throw error;
  }
  return account;
}

/** Asks the network whose keys these are, before anything is stored. Throws what the network makes of them. */
export async function tryCredentials(
  engine: Engine,
  { network, credentials, origin }: Pick<NewConnection, 'network' | 'credentials' | 'origin'>,
  signal?: AbortSignal,
): Promise<AccountIdentity> {
  const connector = engine.connectorById(network);
  const parsed = parseCredentials(connector, credentials);
  const { clock, limiter, adapter } = engine;
  const tokens = memoryTokenStore();
  const http = createHttpClient({ connector, credentials: parsed, clock, limiter, tokens, origin, adapter, signal });
  return connector.check(http, parsed);
}

/** Reads what the owner entered by the connector's schema. Throws one SetupError that lists every field that does not fit. */
export function parseCredentials(
  connector: Connector,
  entered: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const parsed = connector.credentials.safeParse(entered);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `  - ${path.join('.')}: ${message}`);
  throw new SetupError(`These keys do not fit ${connector.name}:\n${wrong.join('\n')}`);
}

/**
 * Plans how deep each pass of an account reads history: as far as the owner wants and the network tells. Returns the names
 * of the passes that now have history to read.
 */
export async function planBackfill(
  { pool }: Database,
  connector: Connector,
  account: { readonly id: number; readonly connectedAt: Date },
  days: number,
): Promise<string[]> {
  const passes = passesOf(connector).filter(({ historyDays }) => historyDays !== undefined);
  for (const { name, historyDays = 0 } of passes) {
    const goal = addDays(account.connectedAt, -Math.min(days, historyDays));
    await planHistory(pool, account.id, name, { from: account.connectedAt, goal });
  }
  return passes.map(({ name }) => name);
}

import pg from 'pg';
import type { Clock } from '../core/clock.ts';
import { AccountBusyError } from '../core/errors.ts';
import { type SealedPlace, seal, unseal } from '../core/seal.ts';
import type { Database } from './client.ts';
import { readWithDataKey, type WithDataKey } from './data-key.ts';
import type { MasterKeys } from './master-keys.ts';

interface AccessToken {
  readonly value: string;
  readonly expiresAt: Date;
}

/** Keeps the token that an account's key was exchanged for: sealed, across restarts, for all processes. */
interface PostgresTokenStore {
  /** The stored token, expired or not. */
  read(): Promise<AccessToken | null>;
  /**
   * Exchanges for a new token and stores it; one caller at a time, on however many machines. Who waited meanwhile gets
   * the new one without an exchange, unless it is the `stale` one that the network has just refused.
   */
  refresh(exchange: () => Promise<AccessToken>, stale?: string): Promise<AccessToken>;
}

/** A token that ends sooner than this is not worth handing out: the call that it is for takes its time. */
const SHORTEST_LIFE_MS = 60_000;

export function postgresTokenStore(
  db: Database,
  keys: MasterKeys,
  accountId: number,
  clock: Clock,
): PostgresTokenStore {
  const read = async () => opened(await readRow(db, keys, accountId), accountId);
  return {
    read,
    refresh: (exchange, stale) =>
      withTokenLock(db, accountId, async () => {
        const before = await readRow(db, keys, accountId);
        const stored = opened(before, accountId);
        const lives = stored !== null && stored.expiresAt.getTime() - clock.now().getTime() > SHORTEST_LIFE_MS;
        if (lives && stored.value !== stale) return stored;
        const token = await exchange();
        await save(db, accountId, token, before);
        return token;
      }),
  };
}

export function tokenPlace(accountId: number): SealedPlace {
  return ['access_tokens', accountId, 'sealed'];
}

type TokenRow = WithDataKey<{ master_key_id: string; wrapped: Buffer; sealed: Buffer | null; expires_at: Date | null }>;

async function readRow({ kysely }: Database, keys: MasterKeys, accountId: number): Promise<TokenRow | null> {
  return readWithDataKey(keys, accountId, () =>
    kysely
      .selectFrom('account_keys')
      .leftJoin('access_tokens', 'access_tokens.account_id', 'account_keys.account_id')
      .select(['master_key_id', 'wrapped', 'sealed', 'expires_at'])
      .where('account_keys.account_id', '=', accountId)
      .execute(),
  );
}

/** A token that does not open is as good as none: another can be had. */
function opened(row: TokenRow | null, accountId: number): AccessToken | null {
  const stored = row?.rows[0];
  if (!row?.dataKey || !stored?.sealed || !stored.expires_at) return null;
  const value = unseal(row.dataKey, stored.sealed, tokenPlace(accountId));
  return value && { value: value.toString(), expiresAt: stored.expires_at };
}

/**
 * Stores the token only where the account's key is still the one from before the exchange. Otherwise its credentials may
 * have been replaced meanwhile, and the token of the old ones would read the old account.
 */
async function save(
  { kysely }: Database,
  accountId: number,
  { value, expiresAt }: AccessToken,
  before: TokenRow | null,
): Promise<void> {
  const dataKey = before?.dataKey;
  const wrapped = before?.rows[0]?.wrapped;
  if (!dataKey || !wrapped) return;
  const token = { sealed: seal(dataKey, value, tokenPlace(accountId)), expires_at: expiresAt };
  await kysely.transaction().execute(async (trx) => {
    const unchanged = await trx
      .selectFrom('account_keys')
      .select('account_id')
      .where('account_id', '=', accountId)
      .where('wrapped', '=', wrapped)
      .forShare()
      .executeTakeFirst();
    if (!unchanged) return;
    await trx
      .insertInto('access_tokens')
      .values({ account_id: accountId, ...token })
      .onConflict((on) => on.column('account_id').doUpdateSet(token))
      .execute();
  });
}

/** Our advisory lock on an account's token. */
const TOKEN_LOCK = 7_413_002;
const LONGEST_WAIT_MS = 120_000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Waits on a connection of its own, outside the pool: the exchange may need one from the pool (its rate limit lives in
 * Postgres), and a row of waiting accounts must not take the last. A killed process gives its lock up at once.
 */
async function withTokenLock<T>({ pool }: Database, accountId: number, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client(pool.options);
  client.on('error', () => {}); // the next query says so
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${LONGEST_WAIT_MS}`);
    await client.query('select pg_advisory_lock($1, $2)', [TOKEN_LOCK, accountId]).catch((cause: pg.DatabaseError) => {
      if (cause.code !== LOCK_NOT_AVAILABLE) throw cause;
      throw new AccountBusyError(`Another process has been asking for a token of account ${accountId} for long.`, {
        cause,
      });
    });
    return await work();
  } finally {
    await client.end(); // and with it the lock
  }
}

import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { DB } from './schema.ts';

/** One pool, seen two ways: `kysely` for queries one can read, `pool` for COPY and the page transaction. */
export interface Database {
  readonly kysely: Kysely<DB>;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

const INT8 = 20;
const DATE = 1082;

/** Identities and counts stay below 2^53; a `date` is a calendar day, not a moment; `numeric` stays exact text. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [INT8, Number],
  [DATE, String],
]);

/** Opens a pool. A lost idle connection is not an event: the next query opens another. */
export function openDatabase(url: string, options: { max?: number } = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    connectionTimeoutMillis: 15_000,
    application_name: 'tributary',
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  pool.on('error', () => {});
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  return {
    kysely,
    pool,
    async close() {
      await kysely.destroy();
      if (!pool.ending) await pool.end(); // kysely ends only a pool that it has used
    },
  };
}

/**
 * Runs `work` in one transaction on one connection; any throw rolls back. `prepare` runs before it begins, for what must
 * outlive a rollback. A connection that cannot even roll back is thrown away.
 */
export async function inTransaction<T>(
  { pool }: Database,
  work: (client: pg.PoolClient) => Promise<T>,
  prepare?: (client: pg.PoolClient) => Promise<void>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await prepare?.(client);
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

import { Kysely, type Migration, Migrator, PostgresDialect } from 'kysely';
import pg from 'pg';
import { SetupError } from '../core/errors.ts';
import * as dataPath from './migrations/0001-data-path.ts';

/** In order, forward only. Static, so that a bundle needs no file look-up. */
const MIGRATIONS: Record<string, Migration> = { '0001-data-path': dataPath };

const OLDEST_SERVER = 15;

/**
 * Brings the database up to date; safe when several processes start at once (kysely holds a lock). Returns the names of
 * the migrations that ran. Throws a SetupError where the server is older than PostgreSQL 15 or a migration fails. `upTo`
 * stops at an earlier version, for the restore of a backup that was made there.
 */
export async function migrate(url: string, upTo?: string): Promise<string[]> {
  if (upTo !== undefined && !Object.hasOwn(MIGRATIONS, upTo)) {
    throw new SetupError(
      `The database version ${upTo} is from a later Tributary than this one: bring this one up to date.`,
    );
  }
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await refuseOldServer(pool);
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error, results = [] } = await (upTo ? migrator.migrateTo(upTo) : migrator.migrateToLatest());
    if (error)
      throw new SetupError(`The database could not be brought up to date: ${messageOf(error)}`, { cause: error });
    return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName);
  } finally {
    await db.destroy();
  }
}

async function refuseOldServer(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ server_version_num: string }>('show server_version_num');
  const version = Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  if (version < OLDEST_SERVER) {
    throw new SetupError(`PostgreSQL ${version} is too old: Tributary needs ${OLDEST_SERVER} or later.`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

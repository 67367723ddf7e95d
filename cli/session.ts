import { type Config, readConfig } from '../core/config.ts';
import { SetupError } from '../core/errors.ts';
import { type OpenEngine, openEngine } from '../workers/open-engine.ts';
import { type DatabasePlace, openDatabasePlace } from './database-place.ts';
import { demoLimiter } from './demo.ts';
import { openLog } from './log.ts';
import type { GlobalFlags, Shell } from './shell.ts';

/** Everything that one command works with, open for as long as it runs. */
export interface Session extends OpenEngine {
  readonly config: Config;
  /** Of the database. */
  readonly url: string;
  readonly signal: AbortSignal;
}

/** Opens settings, database and engine for one command, and closes all of it after. Throws a SetupError in clear words. */
export async function withSession<T>(
  shell: Shell,
  flags: GlobalFlags,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withDatabasePlace(shell, flags, async ({ url }, config) => {
    // A command says in its own words what went wrong; the log repeats it only for those who ask for a log.
    const log = openLog(shell.env.LOG_LEVEL ? config.logLevel : 'silent', shell.err);
    const opened = await openEngine(url, config, log);
    const engine = flags.demo ? { ...opened.engine, limiter: demoLimiter } : opened.engine;
    try {
      return await work({ ...opened, engine, config, url, signal: shell.signal });
    } finally {
      await opened.close();
    }
  });
}

/** The database alone, as it is: not brought up to date, and without an engine on it. */
export async function withDatabasePlace<T>(
  shell: Shell,
  flags: GlobalFlags,
  work: (place: DatabasePlace, config: Config) => Promise<T>,
): Promise<T> {
  const config = readConfig(shell.env, flags);
  const place = await openDatabasePlace(config);
  try {
    return await work(place, config);
  } catch (error) {
    throw unreachable(error, config) ?? error;
  } finally {
    await place.stop();
  }
}

/** What node and PostgreSQL say when there is no way in, and what it means. */
const NO_WAY_IN: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing answers at this address',
  ECONNRESET: 'it broke the connection off',
  ETIMEDOUT: 'no answer came in time',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  '28P01': 'it refuses the password',
  '28000': 'it refuses the user',
  '3D000': 'it has no database of this name',
};

function unreachable(error: unknown, { databaseUrl }: Config): SetupError | null {
  const reason = NO_WAY_IN[(error as { code?: string } | null)?.code ?? ''];
  if (reason === undefined || databaseUrl === undefined) return null;
  const { host, pathname } = new URL(databaseUrl);
  return new SetupError(
    `PostgreSQL at ${host}${pathname} (DATABASE_URL) cannot be used: ${reason}. Check the address, and that it runs.`,
    { cause: error },
  );
}

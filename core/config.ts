import { z } from 'zod';
import { SetupError } from './errors.ts';

/** Everything that can be set, read once at the start. The command line comes before the environment. */
export interface Config {
  /** Holds the embedded database, the master key and logs. */
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** Whether the port was asked for: only then it must be free. */
  readonly portIsFixed: boolean;
  /** Absent: PostgreSQL comes with us and keeps its data in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Absent: the queue lives in Postgres. */
  readonly redisUrl: string | undefined;
  /** The owner's zone: its nights are when networks are read, its days are what totals count. */
  readonly timeZone: string;
  readonly concurrency: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly masterKey: {
    readonly TRIBUTARY_MASTER_KEY: string | undefined;
    readonly TRIBUTARY_MASTER_KEY_NEW: string | undefined;
    readonly TRIBUTARY_MASTER_KEY_FILE: string | undefined;
  };
}

/** What the command line may say about the same things. */
export interface ConfigFlags {
  readonly data?: string | undefined;
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly demo?: boolean | undefined;
}

const DEFAULT_PORT = 4180;
const text = z.string().trim().min(1).optional();
const url = (...schemes: string[]) =>
  z.string().refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)), {
    error: `is not an address that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });

const Settings = z.object({
  TRIBUTARY_DATA: text,
  PORT: z.coerce
    .number({ error: 'is not a number' })
    .int('is not a whole number')
    .min(0, 'is below 0')
    .max(65_535, 'is above 65535')
    .optional(),
  HOST: text,
  DATABASE_URL: url('postgres', 'postgresql').optional(),
  REDIS_URL: url('redis', 'rediss').optional(),
  TRIBUTARY_TIME_ZONE: z.string().refine(isTimeZone, { error: 'is not a time zone such as Europe/Berlin' }).optional(),
  TRIBUTARY_CONCURRENCY: z.coerce
    .number({ error: 'is not a number' })
    .int('is not a whole number')
    .min(1, 'is below 1')
    .max(32, 'is above 32')
    .optional(),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], { error: 'is none of debug, info, warn, error, silent' })
    .optional(),
  TRIBUTARY_MASTER_KEY: text,
  TRIBUTARY_MASTER_KEY_NEW: text,
  TRIBUTARY_MASTER_KEY_FILE: text,
});

/**
 * Reads the settings. Each may also come from a file that `<NAME>_FILE` names, read by the caller. Throws one SetupError
 * that lists everything that is wrong, before anything starts.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>, flags: ConfigFlags = {}): Config {
  const said = {
    ...env,
    ...(flags.port !== undefined && { PORT: flags.port }),
    ...(flags.host && { HOST: flags.host }),
  };
  const present = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Settings.safeParse(present);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new SetupError(`These settings cannot be used:\n${wrong.map((line) => `  - ${line}`).join('\n')}`);
  }
  const settings = parsed.data;
  return {
    dataDir: flags.data ?? settings.TRIBUTARY_DATA ?? (flags.demo ? './data-demo' : './data'),
    host: settings.HOST ?? '127.0.0.1',
    port: settings.PORT ?? DEFAULT_PORT,
    portIsFixed: settings.PORT !== undefined,
    databaseUrl: settings.DATABASE_URL,
    redisUrl: settings.REDIS_URL,
    timeZone: settings.TRIBUTARY_TIME_ZONE ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    concurrency: settings.TRIBUTARY_CONCURRENCY ?? 4,
    logLevel: settings.LOG_LEVEL ?? 'warn',
    masterKey: {
      TRIBUTARY_MASTER_KEY: settings.TRIBUTARY_MASTER_KEY,
      TRIBUTARY_MASTER_KEY_NEW: settings.TRIBUTARY_MASTER_KEY_NEW,
      TRIBUTARY_MASTER_KEY_FILE: settings.TRIBUTARY_MASTER_KEY_FILE,
    },
  };
}

/** Whether this machine knows the zone by that name. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

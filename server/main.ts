import { readFileSync } from 'node:fs';
import pino from 'pino';
import { readConfig } from '../core/config.ts';
import { SetupError } from '../core/errors.ts';
import { openDatabase } from '../db/client.ts';
import { migrate } from '../db/migrate.ts';
import { withSettingFiles } from '../db/setting-files.ts';
import { createApp } from './app.ts';
import { listen } from './listen.ts';

/** The HTTP server alone, beside workers that run elsewhere. */
async function main(): Promise<void> {
  const config = readConfig(withSettingFiles(process.env));
  if (!config.databaseUrl)
    throw new SetupError('A server of its own needs DATABASE_URL: the database that all parts share.');
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  await migrate(config.databaseUrl);
  const db = openDatabase(config.databaseUrl);
  const server = await listen(createApp({ db, log, version, isDemo: false }), config);
  log.info({ url: server.url }, 'server ready');
  const drain = async () => {
    await server.close();
    await db.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void drain());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof SetupError ? 2 : 1);
});

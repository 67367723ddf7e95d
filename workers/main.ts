import pino from 'pino';
import { readConfig } from '../core/config.ts';
import { SetupError } from '../core/errors.ts';
import { withSettingFiles } from '../db/setting-files.ts';
import { openEngine } from './open-engine.ts';
import { openQueue } from './queue.ts';
import { startReconciler } from './reconcile.ts';
import { syncPass } from './sync-pass.ts';
import { startWorker } from './sync-worker.ts';

/** A worker process alone: start as many as you like, on any machine that reaches the same database and Redis. */
async function main(): Promise<void> {
  const config = readConfig(withSettingFiles(process.env));
  if (!config.databaseUrl)
    throw new SetupError('A worker of its own needs DATABASE_URL: the database that all parts share.');
  const log = pino({ level: config.logLevel }, pino.destination(2));
  const opened = await openEngine(config.databaseUrl, config, log);
  const queue = await openQueue({ databaseUrl: config.databaseUrl, redisUrl: config.redisUrl, log });
  const { engine, db } = opened;
  const handler = (job: Parameters<typeof syncPass>[1], signal: AbortSignal) => syncPass(engine, job, signal);
  const worker = startWorker({ queue, handler, log, concurrency: config.concurrency });
  const reconciler = startReconciler({ db, queue, connectorById: engine.connectorById, log });
  log.info({ concurrency: config.concurrency }, 'worker ready');
  const drain = async () => {
    await reconciler.close();
    await worker.close();
    await queue.close();
    await opened.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void drain());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof SetupError ? 2 : 1);
});

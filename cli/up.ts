import type { Config } from '../core/config.ts';
import type { Log } from '../core/log.ts';
import { createApp } from '../server/app.ts';
import { listen } from '../server/listen.ts';
import { openEngine } from '../workers/open-engine.ts';
import { openQueue } from '../workers/queue.ts';
import { startReconciler } from '../workers/reconcile.ts';
import { syncPass } from '../workers/sync-pass.ts';
import { startWorker } from '../workers/sync-worker.ts';
import { openDatabasePlace } from './database-place.ts';
import { type Demo, demoLimiter, startDemo } from './demo.ts';

export interface UpInput {
  readonly config: Config;
  readonly isDemo: boolean;
  readonly version: string;
  readonly log: Log;
}

/** All parts of Tributary, running in this process. */
export interface Up {
  readonly url: string;
  readonly dataPlace: string;
  readonly queuePlace: string;
  readonly opened: Awaited<ReturnType<typeof openEngine>>;
  readonly demo: Demo | null;
  /** Drains: running syncs end or go back to the queue, then everything closes, the database last. */
  stop(): Promise<void>;
}

/**
 * Starts the database, the queue, the HTTP server, the sandbox (for a demo), the worker and the reconciler, in this order.
 * Whatever fails, what had been started before it is stopped again. Throws a SetupError in words for the owner.
 */
export async function startUp({ config, isDemo, version, log }: UpInput): Promise<Up> {
  const started: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of started.splice(0).reverse()) await close();
  };
  try {
    const place = await openDatabasePlace(config, { beside: false });
    started.push(() => place.stop());
    const opened = await openEngine(place.url, config, log);
    started.push(() => opened.close());
    const queue = await openQueue({ databaseUrl: place.url, redisUrl: config.redisUrl, log });
    started.push(() => queue.close());
    const server = await listen(createApp({ db: opened.db, log, version, isDemo }), config);
    started.push(() => server.close());
    const demo = isDemo ? await startDemo(opened, config.dataDir, config.timeZone) : null;
    if (demo) started.push(() => demo.close());
    const engine = demo ? { ...opened.engine, limiter: demoLimiter } : opened.engine;
    const worker = startWorker({
      queue,
      handler: (job, signal) => syncPass(engine, job, signal),
      log,
      concurrency: config.concurrency,
    });
    started.push(() => worker.close());
    const reconciler = startReconciler({ db: opened.db, queue, connectorById: engine.connectorById, log });
    started.push(() => reconciler.close());
    const queuePlace = config.redisUrl ? 'Redis at REDIS_URL' : 'in the same PostgreSQL';
    return { url: server.url, dataPlace: place.description, queuePlace, opened, demo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../db/client.ts';
import { startEmbedded } from '../db/embedded/launcher.ts';
import { migrate } from '../db/migrate.ts';
import type { Attempt } from './race.ts';

/**
 * Safe as in production; the rest keeps the server's own rhythm out of the figures: nothing is vacuumed and no checkpoint
 * begins while something is timed, the bench asks for both itself.
 */
export const SETTINGS = {
  shared_buffers: '1GB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  autovacuum: 'off',
  jit: 'off',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
} as const;

const TEMPLATE = 'bench_template';

/** A PostgreSQL of the bench's own, in a temporary folder that goes with it. */
export interface BenchServer {
  readonly version: string;
  /** A migrated, empty database, with an address for other processes. */
  fresh(): Promise<BenchDatabase>;
  stop(): Promise<void>;
}

export interface BenchDatabase extends Database {
  readonly url: string;
  /** Dead rows away, statistics current, everything written: what is timed next pays for itself alone. */
  settle(): Promise<void>;
  drop(): Promise<void>;
}

export async function startBenchServer(): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  await chmod(dataDir, 0o755); // as root the server runs as another user, who must get in
  const server = await startEmbedded({ dataDir, settings: SETTINGS });
  const admin = openDatabase(server.url, { max: 1 });
  await admin.pool.query(`create database ${TEMPLATE}`);
  await migrate(addressOf(server.url, TEMPLATE));
  const { rows } = await admin.pool.query<{ server_version: string }>('show server_version');
  let made = 0;
  return {
    version: rows[0]?.server_version ?? '',
    async fresh() {
      made += 1;
      const name = `bench_${made}`;
      await admin.pool.query(`create database ${name} template ${TEMPLATE}`);
      const url = addressOf(server.url, name);
      const db = openDatabase(url);
      return {
        ...db,
        url,
        async settle() {
          await db.pool.query('vacuum analyze');
          await db.pool.query('checkpoint');
        },
        async drop() {
          await db.close();
          await admin.pool.query(`drop database ${name} with (force)`);
        },
      };
    },
    async stop() {
      await admin.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** An attempt in an empty database, which goes with it. */
export async function inFresh(
  server: BenchServer,
  prepare: (db: BenchDatabase) => Promise<() => Promise<unknown>>,
): Promise<Attempt> {
  const db = await server.fresh();
  const work = await prepare(db);
  await db.settle();
  return { work, after: () => db.drop() };
}

function addressOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../db/embedded/launcher.ts';
import { migrate } from '../../db/migrate.ts';
import { databaseUrl } from './database-url.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's way into the cluster of this run. */
    testClusterUrl: string;
    /** The migrated database that every test database is a clone of. */
    testTemplate: string;
  }
}

const FOLDER = 'tributary-test-';
/** What a crash of the machine would cost here is nothing, so nothing is paid for safety. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/**
 * One cluster for the whole run: the embedded PostgreSQL, or with TEST_DATABASE_URL a server of your own (that user must
 * be allowed to create databases). In it one migrated template; `createTestDatabase` clones it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const cluster = given ? { url: given, stop: async () => {} } : await startCluster();
  const template = `tributary_test_${randomBytes(4).toString('hex')}`;
  try {
    await inCluster(cluster.url, (client) =>
      client.query(`create database ${template} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`),
    );
    await migrate(databaseUrl(cluster.url, template));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  project.provide('testClusterUrl', cluster.url);
  project.provide('testTemplate', template);
  return async () => {
    if (given) await dropDatabases(given, template);
    await cluster.stop();
  };
}

async function startCluster() {
  await sweep();
  const dataDir = await mkdtemp(join(tmpdir(), FOLDER));
  await chmod(dataDir, 0o755); // as root the server runs as another user, who must get in
  const server = await startEmbedded({ dataDir, settings: FAST });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A killed run leaves its server, its folder and its lock behind; startEmbedded tells such a lock from a live one. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(FOLDER)) continue;
    const dataDir = join(tmpdir(), name);
    if (!existsSync(join(dataDir, 'tributary.lock'))) continue; // not begun yet, or about to be removed
    const left = await startEmbedded({ dataDir }).catch(() => null);
    if (left === null) continue;
    await left.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A given server keeps its other databases: only this run's go, the template and what test files forgot. */
async function dropDatabases(url: string, template: string): Promise<void> {
  await inCluster(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [template],
    );
    for (const { datname } of rows)
      await client.query(`drop database ${client.escapeIdentifier(datname)} with (force)`);
  });
}

async function inCluster(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

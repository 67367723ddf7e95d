import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { JobStorePlace } from '../../workers/job-store.ts';
import { createTestDatabase } from './postgres.ts';

/** A place for jobs that only this test file uses. */
export interface QueuePlace extends JobStorePlace {
  drop(): Promise<void>;
}

const shared = process.env.TEST_REDIS_URL;
const hasRedis = shared !== undefined || spawnSync('redis-server', ['--version']).status === 0;

/** Both places that jobs can live in. Redis is left out, by a name that says so, where there is none to be had. */
export const QUEUE_PLACES = [
  { name: 'Postgres', absent: false, create: inPostgres },
  {
    name: hasRedis ? 'Redis' : 'Redis (SKIPPED: no redis-server on the PATH and no TEST_REDIS_URL)',
    absent: !hasRedis,
    create: inRedis,
  },
];

async function inPostgres(): Promise<QueuePlace> {
  const { url, drop } = await createTestDatabase();
  return { databaseUrl: url, drop };
}

/** The schedules and checkpoints stay in Postgres; only jobs go to Redis. */
async function inRedis(): Promise<QueuePlace> {
  const { url: databaseUrl, drop } = await createTestDatabase();
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  if (shared !== undefined) return { databaseUrl, redisUrl: shared, prefix, drop };
  const port = await freePort();
  const server = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  await ready(server);
  return {
    databaseUrl,
    redisUrl: `redis://127.0.0.1:${port}`,
    prefix,
    drop: async () => {
      const ended = once(server, 'exit');
      server.kill();
      await Promise.all([ended, drop()]);
    },
  };
}

async function ready(server: ChildProcess): Promise<void> {
  for await (const chunk of server.stdout ?? []) if (String(chunk).includes('Ready to accept connections')) break;
  server.stdout?.resume();
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

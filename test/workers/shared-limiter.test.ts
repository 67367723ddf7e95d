import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limits } from '../../connectors/contract.ts';
import type { Clock } from '../../core/clock.ts';
import { RateLimitedError } from '../../core/errors.ts';
import { type Database, openDatabase } from '../../db/client.ts';
import { type LimitStore, postgresLimits, redisLimits, sharedLimiter } from '../../workers/shared-limiter.ts';
import { createTestDatabase } from '../support/postgres.ts';

const network = (id: string, limits: Limits) => ({ id, limits });
/** Counts by real time; what it would have to sleep through, the tests end instead. */
const clock: Clock = { now: () => new Date(), sleep: (ms, signal) => pause(Math.min(ms, 20), undefined, { signal }) };
const stopsAt: (log: number[]) => Clock = (log) => ({
  ...clock,
  async sleep(ms) {
    log.push(ms);
    throw new Error('would sleep');
  },
});

function itLimits(stores: () => readonly [LimitStore, LimitStore]): void {
  const processes = (own: Clock) => stores().map((store) => sharedLimiter({ clock: own, store }));
  const pair = (own: Clock) => {
    const [here, there] = processes(own);
    if (!here || !there) throw new Error('two processes were due');
    return { here, there };
  };

  it('lets two processes fill one bucket together', async () => {
    const slept: number[] = [];
    const { here, there } = pair(stopsAt(slept));
    const limits = network('minute', { perMinute: 3, parallel: 9 });
    const taken = await Promise.all([here.take(limits, 'a'), there.take(limits, 'a'), here.take(limits, 'a')]);
    for (const giveBack of taken) giveBack();
    await expect(there.take(limits, 'a')).rejects.toThrow('would sleep');
    expect(slept).toHaveLength(1);
    expect(slept[0]).toBeGreaterThan(50_000);
    expect(slept[0]).toBeLessThanOrEqual(60_000);
    (await there.take(limits, 'b'))();
  });

  it('gives the job back where the hour or the day is used up', async () => {
    const { here, there } = pair(clock);
    for (const limits of [network('hour', { perHour: 1, parallel: 9 }), network('day', { perDay: 1, parallel: 9 })]) {
      (await here.take(limits, 'a'))();
      const refusal = await there.take(limits, 'a').catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(RateLimitedError);
      expect((refusal as RateLimitedError).retryAfterMs).toBeGreaterThan(3_500_000);
    }
  });

  it('takes nothing from the day where the minute refuses', async () => {
    const { here } = pair(stopsAt([]));
    const limits = (perMinute: number) => network('both', { perMinute, perDay: 3, parallel: 9 });
    (await here.take(limits(1), 'a'))();
    for (let count = 0; count < 5; count += 1) await expect(here.take(limits(1), 'a')).rejects.toThrow('would sleep');
    (await here.take(network('both', { perDay: 3, parallel: 9 }), 'a'))();
    (await here.take(network('both', { perDay: 3, parallel: 9 }), 'a'))();
    await expect(here.take(network('both', { perDay: 3, parallel: 9 }), 'a')).rejects.toThrow(RateLimitedError);
  });

  it('holds parallel calls of all processes to their number', async () => {
    const { here, there } = pair(clock);
    const limits = network('parallel', { parallel: 2 });
    let underWay = 0;
    let most = 0;
    const call = async (limiter: typeof here) => {
      const giveBack = await limiter.take(limits, 'a');
      underWay += 1;
      most = Math.max(most, underWay);
      await pause(5);
      underWay -= 1;
      giveBack();
    };
    await Promise.all(Array.from({ length: 12 }, (_, index) => call(index % 2 ? here : there)));
    expect(most).toBe(2);
  });
}

describe('in Postgres', () => {
  const databases: Database[] = [];
  let drop = async () => {};
  beforeAll(async () => {
    const made = await createTestDatabase();
    drop = made.drop;
    databases.push(openDatabase(made.url), openDatabase(made.url));
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await drop();
  });
  const storeOf = (index: number): LimitStore => {
    const database = databases[index];
    if (!database) throw new Error('no database');
    return postgresLimits(database.pool);
  };
  itLimits(() => [storeOf(0), storeOf(1)]);
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
describe.skipIf(!hasRedis)(hasRedis ? 'in Redis' : 'in Redis (skipped: no redis-server on this machine)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-redis-'));
  const path = join(folder, 'redis.sock');
  const server = hasRedis
    ? spawn('redis-server', ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder], { stdio: 'ignore' })
    : null;
  const clients = [0, 1].map(() => new Redis({ path, lazyConnect: true, retryStrategy: () => 50 }));
  for (const client of clients) client.on('error', () => {});
  afterAll(() => {
    for (const client of clients) client.disconnect();
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const storeOf = (index: number): LimitStore => {
    const client = clients[index];
    if (!client) throw new Error('no Redis');
    return redisLimits(client);
  };
  itLimits(() => [storeOf(0), storeOf(1)]);
});

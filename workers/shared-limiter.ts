import type { Redis } from 'ioredis';
import type pg from 'pg';
import { type RateLimiterAbstract, RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { createSlots, type LimitedConnector, type Limiter, quotaUsedUp, windowsOf } from '../connectors/kit/limiter.ts';
import { LONGEST_WAIT_MS } from '../connectors/kit/retry.ts';
import type { Clock } from '../core/clock.ts';
import { RateLimitedError } from '../core/errors.ts';
import { SECOND_MS } from '../core/time-window.ts';

const TABLE = 'rate_limits';
/** Unique violation, duplicate type, duplicate table: which one depends on how close the race was. */
const CREATED_MEANWHILE: readonly string[] = ['23505', '42710', '42P07'];
/** How often a free parallel slot of another process is looked for. */
const LOOK_AGAIN_MS = 250;
/** A process that died with a slot in its hand blocks it no longer than this. */
const SLOT_LEASE_MS = 60 * SECOND_MS;

/** Makes counters that all processes on one store share: `calls` in `ms` for each key. */
export type LimitStore = (name: string, calls: number, ms: number) => Promise<RateLimiterAbstract>;

/** Counters in Postgres. Unlogged: after a crash of the server the worst is a 429, which heals itself. */
export function postgresLimits(pool: pg.Pool): LimitStore {
  let table: Promise<unknown> | undefined;
  // Its own parsers: the pool may read a bigint as something that the library cannot count with.
  const storeClient = {
    query: (query: pg.QueryConfig) =>
      pool.query({ ...query, types: { getTypeParser: () => (text: string) => Number(text) } }),
  };
  return async (name, calls, ms) => {
    table ??= createTable(pool).catch((error) => {
      table = undefined;
      throw error;
    });
    await table;
    return new RateLimiterPostgres({
      storeClient,
      storeType: 'pool',
      tableName: TABLE,
      tableCreated: true,
      keyPrefix: name,
      points: calls,
      duration: ms / SECOND_MS,
    });
  };
}

async function createTable(pool: pg.Pool): Promise<void> {
  try {
    await pool.query(
      `create unlogged table if not exists ${TABLE} (key varchar(255) primary key, points integer not null default 0, expire bigint)`,
    );
  } catch (error) {
    // Another process was as quick; "if not exists" does not see a creation that is under way.
    if (!CREATED_MEANWHILE.includes((error as { code?: string }).code ?? '')) throw error;
  }
}

/** Counters in Redis. */
export function redisLimits(redis: Redis): LimitStore {
  return async (name, calls, ms) =>
    new RateLimiterRedis({ storeClient: redis, keyPrefix: name, points: calls, duration: ms / SECOND_MS });
}

export interface SharedLimiter extends Limiter {
  /** Resolves when every slot has been given back. To be waited for before the store closes: others need the slots. */
  settled(): Promise<void>;
}

/**
 * Limits that all processes keep together. It counts by real time: a simulated clock wants the memory limiter. A window
 * begins with its first call, so that a busy key gets what its network allows and no more.
 */
export function sharedLimiter({ clock, store }: { readonly clock: Clock; readonly store: LimitStore }): SharedLimiter {
  const slots = createSlots();
  const givingBack = new Set<Promise<unknown>>();
  const counters = new Map<string, Promise<RateLimiterAbstract>>();
  const counter = (name: string, calls: number, ms: number) => {
    const known = counters.get(`${name}:${calls}`) ?? store(name, calls, ms);
    counters.set(`${name}:${calls}`, known);
    known.catch(() => counters.delete(`${name}:${calls}`));
    return known;
  };

  async function takeWindows(connector: LimitedConnector, bucket: string, signal?: AbortSignal): Promise<void> {
    const windows = windowsOf(connector.limits).map(({ calls, ms }) => counter(`limit:${ms / SECOND_MS}`, calls, ms));
    const limiters = await Promise.all(windows);
    for (;;) {
      const waitMs = await consumeAll(limiters, bucket);
      if (waitMs === 0) return;
      if (waitMs > LONGEST_WAIT_MS) throw quotaUsedUp(connector, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }

  /** A slot among all processes: counted up with the call, down after it, and forgotten when its lease has run out. */
  async function takeShared(parallel: number, bucket: string, signal?: AbortSignal): Promise<() => void> {
    const limiter = await counter('parallel', parallel, SLOT_LEASE_MS);
    for (let waitedMs = 0; ; waitedMs += LOOK_AGAIN_MS) {
      const taken = await consume(limiter, bucket);
      if (taken.ok) {
        const leaseEnds = Date.now() + taken.msLeft;
        return () => {
          // After its lease the slot was forgotten: giving it back would make room for one call too many.
          if (Date.now() >= leaseEnds) return;
          const given = limiter.reward(bucket, 1).catch(() => undefined);
          givingBack.add(given);
          void given.then(() => givingBack.delete(given));
        };
      }
      await limiter.reward(bucket, 1);
      if (waitedMs >= LONGEST_WAIT_MS) {
        throw new RateLimitedError('Other workers have all the calls under way that this key allows.', LONGEST_WAIT_MS);
      }
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }

  return {
    settled: async () => {
      await Promise.all(givingBack);
    },
    async take(connector, key, signal) {
      const bucket = `${connector.id}:${key}`;
      const { parallel } = connector.limits;
      const giveBackHere = await slots.take(bucket, parallel, signal);
      let giveBackThere = () => {};
      try {
        giveBackThere = await takeShared(parallel, bucket, signal);
        await takeWindows(connector, bucket, signal);
      } catch (error) {
        giveBackThere();
        giveBackHere();
        throw error;
      }
      return () => {
        giveBackThere();
        giveBackHere();
      };
    },
  };
}

/** Takes one call from every window or from none; says how long to wait for the first that has none left. */
async function consumeAll(limiters: readonly RateLimiterAbstract[], bucket: string): Promise<number> {
  for (const [index, limiter] of limiters.entries()) {
    const taken = await consume(limiter, bucket);
    if (taken.ok) continue;
    await Promise.all(limiters.slice(0, index).map((earlier) => earlier.reward(bucket, 1)));
    return Math.max(taken.msLeft, 1);
  }
  return 0;
}

async function consume(limiter: RateLimiterAbstract, bucket: string): Promise<{ ok: boolean; msLeft: number }> {
  try {
    const { msBeforeNext } = await limiter.consume(bucket, 1);
    return { ok: true, msLeft: msBeforeNext };
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return { ok: false, msLeft: refusal.msBeforeNext };
    throw refusal;
  }
}

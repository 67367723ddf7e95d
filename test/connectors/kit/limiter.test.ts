import { expect, it } from 'vitest';
import type { Limits } from '../../../connectors/contract.ts';
import { limitKey, memoryLimiter } from '../../../connectors/kit/limiter.ts';
import { RateLimitedError } from '../../../core/errors.ts';
import { exampleNetwork, SECRET, START, simulatedClock, thrownBy } from './example-network.ts';

const network = (limits: Limits) => ({ id: 'lumora', limits });

it('lets a minute hold what it may, in any minute', async () => {
  const clock = simulatedClock();
  const limiter = memoryLimiter(clock);
  const times: number[] = [];
  for (let count = 0; count < 7; count += 1) {
    (await limiter.take(network({ perMinute: 3, parallel: 5 }), 'a'))();
    times.push(clock.now().getTime() - START.getTime());
    if (count === 1) await clock.sleep(40_000);
  }
  expect(times).toEqual([0, 0, 40_000, 60_000, 60_000, 100_000, 120_000]);
});

it.each([
  { name: 'an hour', limits: { perHour: 2, parallel: 1 }, waits: 3_600_000 },
  { name: 'a day', limits: { perDay: 2, perMinute: 50, parallel: 1 }, waits: 86_400_000 },
])('gives the job back when $name is used up', async ({ limits, waits }) => {
  const clock = simulatedClock();
  const limiter = memoryLimiter(clock);
  for (let count = 0; count < 2; count += 1) (await limiter.take(network(limits), 'a'))();
  const error = await thrownBy(limiter.take(network(limits), 'a'));
  expect(error).toBeInstanceOf(RateLimitedError);
  expect(error.retryAfterMs).toBe(waits);
  await clock.sleep(waits);
  (await limiter.take(network(limits), 'a'))();
});

it('keeps keys apart', async () => {
  const clock = simulatedClock();
  const limiter = memoryLimiter(clock);
  for (const key of ['a', 'b']) (await limiter.take(network({ perMinute: 1, parallel: 1 }), key))();
  expect(clock.slept).toEqual([]);
});

it('hands a parallel slot to the one who has waited longest', async () => {
  const limiter = memoryLimiter(simulatedClock());
  const order: string[] = [];
  const take = async (name: string, signal?: AbortSignal) => {
    const giveBack = await limiter.take(network({ parallel: 2 }), 'a', signal);
    order.push(name);
    return giveBack;
  };
  const first = await take('first');
  await take('second');
  const gone = new AbortController();
  const left = take('left', gone.signal);
  const third = take('third');
  const fourth = take('fourth');
  gone.abort(new Error('drained'));
  await expect(left).rejects.toThrow('drained');
  expect(order).toEqual(['first', 'second']);
  first();
  first();
  (await third)();
  await fourth;
  expect(order).toEqual(['first', 'second', 'third', 'fourth']);
});

it('knows a shared key, and does not tell it', () => {
  const connector = exampleNetwork();
  const key = limitKey(connector, { accountId: '1', apiKey: SECRET });
  expect(key).toMatch(/^[\da-f]{32}$/);
  expect(limitKey(connector, { accountId: '2', apiKey: SECRET })).toBe(key);
  expect(limitKey(connector, { accountId: '1', apiKey: `${SECRET}x` })).not.toBe(key);
  expect(limitKey(exampleNetwork({ id: 'other' }), { accountId: '1', apiKey: SECRET })).not.toBe(key);
});

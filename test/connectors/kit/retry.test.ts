import { expect, it } from 'vitest';
import { persist, retryAfterMs } from '../../../connectors/kit/retry.ts';
import { NetworkDownError, RateLimitedError } from '../../../core/errors.ts';
import { START, simulatedClock, thrownBy } from './example-network.ts';

it.each([
  { header: '0', ms: 1000 },
  { header: '1.5', ms: 1500 },
  { header: 'Sun, 01 Mar 2026 00:01:30 GMT', ms: 90_000 },
  { header: '-5', ms: 60_000 },
  { header: '', ms: 60_000 },
  { header: undefined, ms: 60_000 },
])('Retry-After: $header', ({ header, ms }) => {
  expect(retryAfterMs(header, START)).toBe(ms);
});

it('stops where a pause would pass the deadline, and counts no wait that the network asked for', async () => {
  const clock = simulatedClock();
  const left: number[] = [];
  const attempt = async (remainingMs: number) => {
    left.push(remainingMs);
    await clock.sleep(2000);
    if (left.length === 1) throw new RateLimitedError('wait', 50_000);
    throw new NetworkDownError('ill');
  };
  const take = async () => {
    await clock.sleep(30_000);
    return () => {};
  };
  const patience = { clock, take, repeatable: true, deadlineMs: 11_000 };
  expect(await thrownBy(persist(patience, attempt))).toBeInstanceOf(NetworkDownError);
  expect(left).toEqual([11_000, 9000, 6000]);
});

it('gives every slot back', async () => {
  let held = 0;
  const take = async () => {
    held += 1;
    return () => {
      held -= 1;
    };
  };
  const attempt = async () => {
    expect(held).toBe(1);
    throw new NetworkDownError('ill');
  };
  const patience = { clock: simulatedClock(), take, repeatable: true, deadlineMs: 120_000 };
  await thrownBy(persist(patience, attempt));
  expect(held).toBe(0);
});

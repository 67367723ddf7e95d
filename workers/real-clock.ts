import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';

/** The time of this machine. */
export const realClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      await setTimeout(ms, undefined, signal ? { signal } : undefined);
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

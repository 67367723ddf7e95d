import type { Clock } from '../core/clock.ts';

/** Time that only moves when somebody waits or moves it: months pass in a test without a second of waiting. */
export class SimulatedClock implements Clock {
  #nowMs: number;

  constructor(start: Date) {
    this.#nowMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  /** Waiting is what makes time pass here; it is over at once. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#nowMs += Math.max(0, ms);
  }

  /** Moves forward to `at`; a moment that has already passed changes nothing. */
  advanceTo(at: Date): void {
    this.#nowMs = Math.max(this.#nowMs, at.getTime());
  }
}

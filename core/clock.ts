/** What time it is and how to wait: real in production, simulated in the sandbox. Rules never ask it; they get `now`. */
export interface Clock {
  now(): Date;
  /** Resolves after `ms`; rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Counts calls per key over a sliding span of the sandbox's own time. */
export class Throttle {
  readonly #most: number;
  readonly #spanMs: number;
  readonly #calls = new Map<string, number[]>();

  constructor(most: number, spanMs: number, unlimited = false) {
    this.#most = unlimited ? Number.MAX_SAFE_INTEGER : most;
    this.#spanMs = spanMs;
  }

  /** Lets a call through and answers 0, or answers how many milliseconds are left until the next one may come. */
  take(key: string, now: Date): number {
    const at = now.getTime();
    const recent = (this.#calls.get(key) ?? []).filter((call) => call > at - this.#spanMs);
    const [oldest] = recent;
    if (recent.length >= this.#most && oldest !== undefined) return oldest + this.#spanMs - at;
    recent.push(at);
    this.#calls.set(key, recent);
    return 0;
  }

  /** How many more calls would be let through now. */
  left(key: string, now: Date): number {
    const since = now.getTime() - this.#spanMs;
    return this.#most - (this.#calls.get(key) ?? []).filter((call) => call > since).length;
  }
}

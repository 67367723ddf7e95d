import type { Clock } from '../core/clock.ts';

/** Hands out tokens that run out, by the sandbox's clock. */
export class TokenDesk {
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #lifetimeSeconds: number;
  readonly #expiries = new Map<string, number>();
  #issued = 0;

  constructor(prefix: string, clock: Clock, lifetimeSeconds: number) {
    this.#prefix = prefix;
    this.#clock = clock;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  issue(): { readonly token: string; readonly expiresInSeconds: number } {
    this.#issued += 1;
    const now = this.#clock.now().getTime();
    const token = `${this.#prefix}-${this.#issued}-${now}`;
    this.#expiries.set(token, now + this.#lifetimeSeconds * 1000);
    return { token, expiresInSeconds: this.#lifetimeSeconds };
  }

  stateOf(token: string): 'good' | 'expired' | 'unknown' {
    const expiry = this.#expiries.get(token);
    if (expiry === undefined) return 'unknown';
    return this.#clock.now().getTime() < expiry ? 'good' : 'expired';
  }

  /** Every token that is out has run out. */
  expireAll(): void {
    for (const token of this.#expiries.keys()) this.#expiries.set(token, 0);
  }
}

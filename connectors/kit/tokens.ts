export interface Token {
  readonly value: string;
  readonly expiresAt: Date;
}

/** Where the exchanged token of one account is kept between calls, runs and restarts. */
export interface TokenStore {
  read(): Promise<Token | null>;
  /**
   * Exchanges the key for a new token and keeps it; one exchange at a time, which all callers share. Where another has
   * already replaced `stale`, returns the newer one without asking the network.
   */
  refresh(exchange: () => Promise<Token>, stale?: string): Promise<Token>;
}

/** Forgets with the process: for trying a key before it is saved, for replay and for tests. */
export function memoryTokenStore(): TokenStore {
  let current: Token | null = null;
  let underWay: Promise<Token> | null = null;
  return {
    read: async () => current,
    async refresh(exchange, stale) {
      if (underWay) return underWay;
      if (current && stale !== undefined && current.value !== stale) return current;
      underWay = exchange();
      try {
        current = await underWay;
        return current;
      } finally {
        underWay = null;
      }
    },
  };
}

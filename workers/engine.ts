import type { AxiosAdapter } from 'axios';
import type { Connector } from '../connectors/contract.ts';
import type { Limiter } from '../connectors/kit/limiter.ts';
import type { TokenStore } from '../connectors/kit/tokens.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Database } from '../db/client.ts';
import type { OnStep } from '../db/save-page.ts';

/** What a sync needs of the world around it; handed in, so that the same code runs in production, sandbox and tests. */
export interface Engine {
  readonly db: Database;
  connectorById(id: string): Connector;
  readonly clock: Clock;
  readonly limiter: Limiter;
  openCredentials(accountId: number): Promise<Record<string, unknown>>;
  tokensFor(accountId: number): TokenStore;
  readonly log: Log;
  /** How requests leave the process; absent: over the network. */
  readonly adapter?: AxiosAdapter | undefined;
  /** Where a test breaks off. */
  readonly onStep?: OnStep | undefined;
}

import type { AxiosAdapter, InternalAxiosRequestConfig } from 'axios';
import { AxiosHeaders } from 'axios';
import { z } from 'zod';
import { type Connector, defineConnector, type Pass } from '../../connectors/contract.ts';
import { Amount, OptionalText } from '../../connectors/kit/fields.ts';
import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { type StatusTable, statusFrom } from '../../connectors/kit/status.ts';
import { instant } from '../../connectors/kit/time.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import { SetupError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { decimal } from '../../core/money.ts';
import type { Database } from '../../db/client.ts';
import { addAccount } from '../../db/queries/accounts.ts';
import { SimulatedClock } from '../../sandbox/clock.ts';
import type { Engine } from '../../workers/engine.ts';

const STATUSES: StatusTable = { NEW: 'pending', LOCKED: 'approved', VOID: 'reversed', SETTLED: 'paid' };
const Sale = z.object({
  ref: z.string().min(1),
  state: z.string(),
  earned: Amount,
  sold_at: z.string(),
  click: OptionalText,
});
const PASSES: readonly Pass[] = [
  { name: 'new', by: 'created', every: 'hour', maxWindowDays: 10, lookbackDays: 2, historyDays: 90 },
  { name: 'again', by: 'created', every: 'week', maxWindowDays: 30, lookbackDays: 30, whole: true },
  { name: 'open', by: 'open-ids', every: 'night', maxWindowDays: 1, lookbackDays: 1, idsPerQuestion: 2 },
];

/** A made-up network, plain enough to see the engine through it. */
export const lumora: Connector = defineConnector({
  id: 'lumora',
  name: 'Lumora',
  docsUrl: 'https://docs.lumora.example',
  verifiedOn: null,
  hosts: ['api.lumora.example'],
  limits: { parallel: 1 },
  credentials: z.object({ apiKey: z.string().meta({ title: 'API key', secret: true }) }),
  reports: { timeZone: 'UTC', currency: 'row' },
  authorise: ({ apiKey }) => ({ authorization: `Bearer ${apiKey}` }),
  check: async () => ({ label: 'Lumora', currency: 'EUR' }),
  streams: {
    conversions: {
      passes: PASSES,
      async *pages(http, { start, end, ids }) {
        const query = ids.length > 0 ? { ids: ids.join(',') } : { from: start.toISOString(), until: end.toISOString() };
        yield await http.get('/sales', query, z.array(z.unknown()));
      },
      normalise(raw) {
        const sale = Sale.parse(raw);
        return {
          networkTransactionId: sale.ref,
          status: statusFrom(STATUSES, sale.state),
          statusRaw: sale.state,
          saleAmount: decimal('10'),
          commissionAmount: decimal(sale.earned),
          currency: 'EUR',
          occurredAt: instant(sale.sold_at),
          subId: sale.click,
        };
      },
      identify: (raw) => z.object({ ref: z.string() }).parse(raw).ref,
    },
  },
});

export interface LumoraSale {
  ref: string;
  state: string;
  earned?: string | null;
  sold_at: string;
}

interface LumoraAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

/** The network itself: its sales, what it was asked, and what it answers instead when it is in a mood. */
class LumoraNetwork {
  sales: LumoraSale[] = [];
  readonly asked: URLSearchParams[] = [];
  mood: ((query: URLSearchParams) => LumoraAnswer | null) | null = null;

  /** Answers as axios would. */
  readonly adapter: AxiosAdapter = async (config: InternalAxiosRequestConfig) => {
    const url = new URL(config.url ?? '', config.baseURL);
    const params = new URLSearchParams(url.search || String(new URLSearchParams(config.params ?? {})));
    this.asked.push(params);
    const { status, body, headers = {} } = this.mood?.(params) ?? { status: 200, body: this.#found(params) };
    const data = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return {
      data,
      status,
      statusText: '',
      headers: new AxiosHeaders({ 'content-type': 'application/json', ...headers }),
      config,
    };
  };

  #found(query: URLSearchParams): LumoraSale[] {
    const ids = query.get('ids')?.split(',');
    const [from = '', until = ''] = [query.get('from') ?? '', query.get('until') ?? ''];
    return this.sales.filter(({ ref, sold_at }) => (ids ? ids.includes(ref) : sold_at >= from && sold_at < until));
  }
}

let connected = 0;

/** An account at a Lumora of its own, connected on 1 March 2026, and an engine whose time is simulated. */
export async function someLumora(db: Database, key = 'lumora-secret-key') {
  connected += 1;
  const network = new LumoraNetwork();
  const clock = new SimulatedClock(new Date('2026-03-01T00:00:00Z'));
  const tokens = memoryTokenStore();
  const engine: Engine = {
    db,
    connectorById(id) {
      if (id !== 'lumora') throw new SetupError(`There is no network "${id}".`);
      return lumora;
    },
    clock,
    limiter: memoryLimiter(clock),
    openCredentials: async () => ({ apiKey: key }),
    tokensFor: () => tokens,
    log: silentLog,
    adapter: network.adapter,
  };
  const account = await addAccount(db, {
    network: 'lumora',
    name: `lumora ${connected}`,
    timeZone: 'UTC',
    connectedAt: clock.now(),
  });
  return { network, clock, engine, account };
}

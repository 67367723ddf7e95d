import { describe, expect, it } from 'vitest';
import type { Pass, Stream } from '../../connectors/contract.ts';
import { createHttpClient } from '../../connectors/kit/http-client.ts';
import { memoryLimiter } from '../../connectors/kit/limiter.ts';
import { memoryTokenStore } from '../../connectors/kit/tokens.ts';
import { connectorById } from '../../connectors/registry.ts';
import type { ConversionFields } from '../../core/conversion.ts';
import { splitWindow } from '../../core/time-window.ts';
import { bookAt } from '../../sandbox/book.ts';
import { SIMULATED_NETWORKS, type SimulatedNetworkId } from '../../sandbox/merchants.ts';
import { sandboxAdapter } from '../../sandbox/serve.ts';
import { START, type Stage, stage } from './sandbox-client.ts';

/** A reader without a database: asks what one pass may ask from the first day on, window by window. */
function readerOf({ sandbox, clock }: Stage, network: SimulatedNetworkId) {
  const connector = connectorById(network);
  const credentials = connector.credentials.parse(sandbox.credentialsFor(network));
  const http = createHttpClient({
    connector,
    credentials,
    clock,
    limiter: memoryLimiter(clock),
    tokens: memoryTokenStore(),
    adapter: sandboxAdapter(sandbox),
  });
  async function* rowsOf<Row>(stream: Stream<Row, Record<string, unknown>>, pass: Pass): AsyncGenerator<Row> {
    const whole = { start: START, end: clock.now() };
    const windows = pass.by === 'list' ? [whole] : splitWindow(whole, pass.maxWindowDays);
    for (const window of windows) {
      for await (const page of stream.pages(http, { pass, ...window, ids: [] }, credentials)) {
        for (const raw of 'rows' in page ? page.rows : page) {
          const row = stream.normalise(raw, credentials);
          if (row !== null) yield row;
        }
      }
    }
  }
  return { connector, rowsOf };
}

async function heldAfterReading(on: Stage, network: SimulatedNetworkId): Promise<Map<string, ConversionFields>> {
  const { connector, rowsOf } = readerOf(on, network);
  const held = new Map<string, ConversionFields>();
  for (const pass of connector.streams.conversions.passes.filter(({ by }) => by !== 'open-ids')) {
    for await (const row of rowsOf(connector.streams.conversions, pass)) held.set(row.networkTransactionId, row);
  }
  for (const pass of connector.streams.settlements?.passes ?? []) {
    const stream = connector.streams.settlements;
    if (!stream) continue;
    for await (const { networkTransactionId } of rowsOf(stream, pass)) {
      const row = held.get(networkTransactionId);
      if (row && row.status !== 'reversed') held.set(networkTransactionId, { ...row, status: 'paid' });
    }
  }
  return held;
}

describe('the real connectors read what the books say', () => {
  const cases = SIMULATED_NETWORKS.flatMap((network) => [11, 12, 13].map((seed) => ({ network, seed })));

  it.each(cases)('$network, seed $seed', async ({ network, seed }) => {
    // Rakuten forgets after thirty days, so its reader comes before that.
    const on = stage({ seed, day: network === 'rakuten' ? 28 : 90, salesPerDay: 2, pageSize: 20 });
    const held = await heldAfterReading(on, network);
    const told = [...held.values()].map((row) => ({
      id: row.networkTransactionId,
      status: row.status,
      sale: row.saleAmount,
      commission: row.commissionAmount,
      currency: row.currency,
      programId: row.programId ?? null,
      subId: row.subId ?? null,
      at: row.occurredAt.toISOString(),
    }));
    const booked = bookAt(on.world, network, on.clock.now()).map((row) => ({
      id: row.networkTransactionId,
      status: row.status,
      sale: row.saleAmount,
      commission: row.commissionAmount,
      currency: row.currency,
      programId: row.programId,
      subId: row.subId,
      at: row.occurredAt.toISOString(),
    }));
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(booked.length).toBeGreaterThan(20);
    expect(told.sort(byId)).toEqual(booked.sort(byId));
  });
});

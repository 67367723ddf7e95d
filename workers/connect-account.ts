import type { Connector } from '../connectors/contract.ts';
import { addDays } from '../core/time-window.ts';
import type { Database } from '../db/client.ts';
import { planHistory } from '../db/queries/checkpoints.ts';
import { passesOf } from './pass-run.ts';

/**
 * Plans how deep each pass of an account reads history: as far as the owner wants and the network tells. Returns the names
 * of the passes that now have history to read.
 */
export async function planBackfill(
  { pool }: Database,
  connector: Connector,
  account: { readonly id: number; readonly connectedAt: Date },
  days: number,
): Promise<string[]> {
  const passes = passesOf(connector).filter(({ historyDays }) => historyDays !== undefined);
  for (const { name, historyDays = 0 } of passes) {
    const goal = addDays(account.connectedAt, -Math.min(days, historyDays));
    await planHistory(pool, account.id, name, { from: account.connectedAt, goal });
  }
  return passes.map(({ name }) => name);
}

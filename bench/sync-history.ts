import { performance } from 'node:perf_hooks';
import { awin } from '../connectors/awin/index.ts';
import type { Connector } from '../connectors/contract.ts';
import { openDatabase } from '../db/client.ts';
import { addAccount } from '../db/queries/accounts.ts';
import { planBackfill } from '../workers/connect-account.ts';
import { syncPass } from '../workers/sync-pass.ts';
import { NOW, unlimitedEngine } from './awin-account.ts';

// A process of its own, so that its memory is that of a sync and of nothing else.
// Arguments: address of the database, origin of the network, days of history.
const [databaseUrl = '', origin = '', days = ''] = process.argv.slice(2);

/** Awin's connector, asking for one day at a time. */
const byDay: Connector = {
  ...awin,
  streams: {
    conversions: {
      ...awin.streams.conversions,
      passes: [{ name: 'new', by: 'created', every: 'hour', maxWindowDays: 1, lookbackDays: 2, historyDays: 1_095 }],
    },
  },
};

const db = openDatabase(databaseUrl);
const engine = unlimitedEngine(db, byDay);
const account = await addAccount(db, { network: 'awin', name: 'history', timeZone: 'UTC', origin, connectedAt: NOW });
await planBackfill(db, byDay, account, Number(days));
const idleMb = peakMb();
const startedAt = performance.now();
let remaining = true;
while (remaining) {
  ({ remaining } = await syncPass(engine, { accountId: account.id, pass: 'new', kind: 'back-fill' }));
}
const seconds = (performance.now() - startedAt) / 1_000;
const { rows } = await db.pool.query<{ count: number }>('select count(*) from conversions');
await db.close();
process.stdout.write(JSON.stringify({ peakMb: peakMb(), idleMb, rows: rows[0]?.count ?? 0, seconds }));

function peakMb(): number {
  return process.resourceUsage().maxRSS / 1_024;
}

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { addDays, DAY_MS } from '../core/time-window.ts';
import { NOW } from './awin-account.ts';
import { awinTransaction } from './awin-answers.ts';
import type { Topic } from './bench.ts';
import { figure } from './figure.ts';

/** Rows of one day, and so of one answer: 2.5 MB of JSON. */
const ROWS_PER_DAY = 2_000;
const CHILD = new URL('./sync-history.ts', import.meta.url);

/** A back-fill of so many rows by the real engine in a process of its own; the network is served by this one. */
export const memory: Topic = {
  names: ['memory.sync1m'],
  async measure({ server, syncRows, note }) {
    const rowsPerDay = Math.min(ROWS_PER_DAY, syncRows);
    const days = Math.ceil(syncRows / rowsPerDay);
    const network = await serveNetwork(rowsPerDay);
    const db = await server.fresh();
    const { peakMb, idleMb, rows, seconds } = await syncInChild([db.url, network.origin, String(days)]);
    await network.close();
    await db.drop();
    const rate = `${(rows / seconds / 1_000).toFixed(1)} k rows/s`;
    note(
      `${rows} rows synced in answers of ${rowsPerDay} in ${seconds.toFixed(0)} s (${rate}); before the first row the process held ${idleMb.toFixed(0)} MB`,
    );
    return [figure('memory.sync1m', 'MB', [peakMb])];
  },
};

interface Synced {
  readonly peakMb: number;
  readonly idleMb: number;
  readonly rows: number;
  readonly seconds: number;
}

async function syncInChild(args: readonly string[]): Promise<Synced> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(CHILD), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  for await (const chunk of child.stdout) told += chunk;
  return JSON.parse(told);
}

/** Awin's transactions, as many each day, told for any window of whole days. */
async function serveNetwork(rowsPerDay: number) {
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://network').searchParams;
    const start = new Date(`${query.get('startDate')}Z`);
    const end = new Date(`${query.get('endDate')}Z`);
    const rows: unknown[] = [];
    for (let day = start; day < end; day = addDays(day, 1)) {
      const daysBack = Math.round((NOW.getTime() - day.getTime()) / DAY_MS);
      for (let index = 0; index < rowsPerDay; index += 1) {
        const at = new Date(day.getTime() + Math.floor((index / rowsPerDay) * DAY_MS));
        rows.push(awinTransaction(daysBack * rowsPerDay + index, at));
      }
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(rows));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => new Promise((closed) => server.close(closed).closeAllConnections()),
  };
}

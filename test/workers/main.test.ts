import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../db/client.ts';
import { createTestDatabase } from '../support/postgres.ts';

/** A worker process with nothing in its environment but this. */
function startProcess(env: Record<string, string>): { child: ChildProcess; said(): string } {
  const args = ['--import', 'tsx', 'workers/main.ts'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  return { child, said: () => text };
}

it('works alone on a shared database, and drains when it is told to end', async () => {
  const { url, drop } = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-worker-'));
  onTestFinished(() => Promise.all([drop(), rm(dataDir, { recursive: true })]).then(() => undefined));
  const db = openDatabase(url, { max: 1 });
  await db.pool.query("insert into accounts (network, name, state) values ('awin', 'resting', 'active')");
  const { child, said } = startProcess({ DATABASE_URL: url, TRIBUTARY_DATA: dataDir, LOG_LEVEL: 'info' });
  await expect.poll(said, { timeout: 20_000 }).toContain('worker ready');
  await expect
    .poll(async () => (await db.pool.query('select count(*)::int as n from schedules')).rows[0]?.n, { timeout: 10_000 })
    .toBeGreaterThan(2);
  await db.close();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code, said()).toBe(0);
});

it('says which setting it needs, and ends with the code of a wrong setup', async () => {
  const { child, said } = startProcess({});
  const [code] = await once(child, 'exit');
  expect(code).toBe(2);
  expect(said()).toBe('A worker of its own needs DATABASE_URL: the database that all parts share.\n');
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { holdDataFolder } from '../../../db/embedded/data-lock.ts';
import { lookUpProcess } from '../../../db/embedded/process-table.ts';
import { temporaryFolder } from '../../support/embedded.ts';

it('is held by one, and free again after its release', async () => {
  const folder = await temporaryFolder();
  const lock = await holdDataFolder(folder);
  await expect(holdDataFolder(folder)).rejects.toThrow(`process ${process.pid} holds it`);
  await lock.release();
  await (await holdDataFolder(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

it('release leaves the lock of a later holder alone', async () => {
  const folder = await temporaryFolder();
  const early = await holdDataFolder(folder);
  await leaveLock(folder, { id: 'later' });
  await early.release();
  expect(await readdir(folder)).toEqual(['tributary.lock']);
});

const dead = await deadPid();
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

it.each([
  { name: 'its process is gone', left: { pid: dead }, beat: minutesAgo(0), free: true },
  { name: 'its number belongs to another process now', left: { startMark: 'boot/1' }, beat: minutesAgo(0), free: true },
  { name: 'its process lives', left: {}, beat: minutesAgo(60), free: false },
  {
    name: 'it is of another machine and beats',
    left: { host: 'elsewhere', pid: dead },
    beat: minutesAgo(0),
    free: false,
  },
  { name: 'it is of another machine, silent', left: { host: 'elsewhere' }, beat: minutesAgo(2), free: true },
  { name: 'it is no lock at all', left: { pid: 'x' }, beat: minutesAgo(0), free: true },
])('a lock that is there, and $name: free is $free', async ({ left, beat, free }) => {
  const folder = await temporaryFolder();
  await leaveLock(folder, left);
  await utimes(join(folder, 'tributary.lock'), beat, beat);
  const attempt = holdDataFolder(folder);
  if (!free) return await expect(attempt).rejects.toThrow(/is in use: process \d+/);
  await (await attempt).release();
});

it('of many that find a dead lock at once, one gets it', async () => {
  for (let round = 0; round < 20; round += 1) {
    const folder = await temporaryFolder();
    await leaveLock(folder, { pid: dead });
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => holdDataFolder(folder)));
    const winners = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['tributary.lock']);
    await winners[0]?.value.release();
  }
});

it.skipIf(process.platform !== 'linux')('a zombie does not hold a folder', async () => {
  // The shell starts a process and then becomes another one, which never collects it.
  const parent: ChildProcess = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [text] = await once(parent.stdout ?? parent, 'data');
  const pid = Number(String(text).trim());
  await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toContain(' Z ');
  expect(await lookUpProcess(pid)).toBeNull();
  parent.kill();
});

async function leaveLock(folder: string, holder: object): Promise<void> {
  const startMark = (await lookUpProcess(process.pid))?.startMark ?? null;
  const whole = {
    id: 'left',
    pid: process.pid,
    startMark,
    host: hostname(),
    since: '2026-03-01T10:00:00.000Z',
    ...holder,
  };
  await writeFile(join(folder, 'tributary.lock'), JSON.stringify(whole));
}

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { chown, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startEmbedded } from '../../../db/embedded/launcher.ts';
import { ask, restingCluster, serverPid, startInProcess } from '../../support/embedded.ts';

const dataDir = await restingCluster('create table kept as select 7 as seven');

it('a pid file whose number now belongs to another program does not keep the server down', async () => {
  const pidFile = join(dataDir, 'postgres/postmaster.pid');
  const { uid, gid } = await stat(join(dataDir, 'postgres'));
  // Of the server's own user, whom PostgreSQL believes to be itself as long as the process lives.
  const stranger: ChildProcess = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {});
  onTestFinished(() => void stranger.kill());
  await writeFile(
    pidFile,
    `${stranger.pid}\n${dataDir}/postgres\n1700000000\n5432\n\n127.0.0.1\n  5432001    999999\nready   \n`,
  );
  await chown(pidFile, uid, gid);
  const server = await startEmbedded({ dataDir });
  expect(server.adopted).toBe(false);
  await server.stop();
  expect(stranger.exitCode).toBeNull();
});

it('a lost or damaged connection file gets a new password, and the data stays', async () => {
  await rm(join(dataDir, 'postgres.json'));
  const server = await startEmbedded({ dataDir });
  expect(await ask(server.url, 'select seven from kept')).toEqual({ seven: 7 });
  await server.stop();
  await writeFile(join(dataDir, 'postgres.json'), '{"port":1');
  await (await startEmbedded({ dataDir })).stop();
});

it("a password that is not the server's is said so, with the way out", async () => {
  const path = join(dataDir, 'postgres.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), password: 'of-another-server' }));
  await expect(startEmbedded({ dataDir })).rejects.toThrow(
    /refuses the password in postgres.json: move that file away/,
  );
  await rm(path);
  await (await startEmbedded({ dataDir })).stop();
});

it('a cluster of another major version is refused untouched', async () => {
  const versionFile = join(dataDir, 'postgres/PG_VERSION');
  const version = await readFile(versionFile, 'utf8');
  await writeFile(versionFile, '14\n');
  onTestFinished(() => writeFile(versionFile, version));
  await expect(startEmbedded({ dataDir })).rejects.toThrow(/made by PostgreSQL 14.*brings PostgreSQL \d+.*backup/s);
});

it('a server that cannot start is told with the end of its log, and leaves the folder free', async () => {
  const start = startEmbedded({ dataDir, settings: { shared_buffers: 'plenty' } });
  await expect(start).rejects.toThrow(/did not start \(exit code 1\).*postgres\.log says:.*shared_buffers.*plenty/s);
  await (await startEmbedded({ dataDir })).stop();
});

it('a server that is killed is started again on the same port', async () => {
  const lines: string[] = [];
  const server = await startEmbedded({ dataDir, log: (line) => lines.push(line) });
  process.kill((await serverPid(dataDir)) ?? 0, 'SIGKILL');
  await expect
    .poll(() => ask(server.url, 'select seven from kept').catch(() => null), { timeout: 30_000 })
    .toEqual({ seven: 7 });
  await expect.poll(() => lines.at(-1)).toBe('PostgreSQL runs again.');
  await server.stop();
  expect(await serverPid(dataDir)).toBeNull();
});

it('a process that ends by an uncaught error takes its server down in good order', async () => {
  const started = await startInProcess({ dataDir });
  await started.end('throw');
  await expect.poll(() => serverPid(dataDir), { timeout: 20_000 }).toBeNull();
  const log = await readFile(join(dataDir, 'postgres.log'), 'utf8');
  expect(log.trim().split('\n').at(-1)).toContain('database system is shut down');
  expect(started.child.exitCode).not.toBe(0);
});

it.skipIf(process.platform !== 'linux')(
  'no secret of our environment travels to the server, and no password to a command line',
  async () => {
    const started = await startInProcess({ dataDir });
    const pid = await serverPid(dataDir);
    const { password } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8'));
    const seen = `${await readFile(`/proc/${pid}/environ`, 'utf8')} ${await readFile(`/proc/${pid}/cmdline`, 'utf8')}`;
    expect(seen).toContain('postgres');
    expect(seen).not.toContain('must-not-travel');
    expect(seen).not.toContain(password);
    await started.end('stop');
  },
);

import { chmod, chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SetupError } from '../../../core/errors.ts';
import { attachEmbedded } from '../../../db/embedded/attach.ts';
import { startEmbedded } from '../../../db/embedded/launcher.ts';
import { runAs } from '../../../db/embedded/run-as.ts';
import { ROOT_IN_NAMESPACE } from '../../../db/embedded/server-user.ts';
import { ask, programsWithoutLinks, serverPid, startInProcess, temporaryFolder } from '../../support/embedded.ts';

/** Root works in folders that are closed to everybody else: a clone under /root, say. */
const isRoot = process.getuid?.() === 0;
const hasNamespaces = isRoot && (await runAs(ROOT_IN_NAMESPACE, 'true', [])).ok;
const asRoot = it.skipIf(!isRoot);
/** Also where this machine makes no user namespaces, which many containers may not. */
const inNamespace = it.skipIf(!hasNamespaces);
const STRANGER = 54_321;

/** A clone of the project in such a folder, as far as the server is concerned: its programs. */
let home: string;
let programs: string;
beforeAll(async () => {
  if (!hasNamespaces) return;
  home = await mkdtemp(join(tmpdir(), 'tributary-embedded-')); // mode 0700
  programs = await programsWithoutLinks(home);
});
afterAll(async () => {
  if (hasNamespaces) await rm(home, { recursive: true, force: true });
});

inNamespace('starts where project and data are root-only: copies nothing, opens nothing', async () => {
  const closed = await temporaryFolder(0o700);
  const [dataDir, cacheRoot] = [join(closed, 'data'), join(closed, 'cache')];
  const server = await startEmbedded({ dataDir, binariesDir: programs, cacheRoots: [cacheRoot] });
  expect(await ask(server.url, `select current_setting('data_directory') as path`)).toEqual({
    path: join(dataDir, 'postgres'),
  });
  expect((await readdir(closed)).sort()).toEqual(['data']);
  expect(await modeAndOwner(closed)).toBe('700 0');
  expect(await modeAndOwner(join(dataDir, 'postgres'))).toBe('700 0');
  await server.stop();
  expect(await serverPid(dataDir)).toBeNull();
});

inNamespace('a killed start leaves a server that is attached to, taken over and stopped', async () => {
  const dataDir = join(await temporaryFolder(0o700), 'data');
  const first = await startInProcess({ dataDir, binariesDir: programs });
  await ask(String(first.answer.url), 'create table kept as select 7 as seven');
  const pid = await serverPid(dataDir);
  await first.kill();
  expect(await attachEmbedded(dataDir)).toBe(first.answer.url);
  const second = await startEmbedded({ dataDir, binariesDir: programs });
  expect(second).toMatchObject({ adopted: true, url: first.answer.url });
  expect(await serverPid(dataDir)).toBe(pid);
  // The one taken over is watched like any other.
  process.kill(pid ?? 0, 'SIGKILL');
  await expect
    .poll(() => ask(second.url, 'select seven from kept').catch(() => null), { timeout: 30_000 })
    .toEqual({ seven: 7 });
  await second.stop();
  expect(await serverPid(dataDir)).toBeNull();
});

inNamespace('a folder that is opened, and closed again, takes its database along', async () => {
  const folder = await temporaryFolder(0o700);
  const dataDir = join(folder, 'data');
  const owners: number[] = [];
  for (const mode of [0o700, 0o755, 0o700]) {
    await chmod(folder, mode);
    const server = await startEmbedded({ dataDir });
    await ask(server.url, 'create table if not exists kept as select 7 as seven');
    owners.push((await stat(join(dataDir, 'postgres/PG_VERSION'))).uid);
    await server.stop();
  }
  expect(owners).toEqual([0, expect.any(Number), 0]);
  expect(owners[1]).toBeGreaterThan(0);
});

inNamespace('copies the programs when they alone lie where only a stranger may enter', async () => {
  await chown(home, STRANGER, STRANGER);
  const closed = await temporaryFolder(0o700);
  const [dataDir, cacheRoot] = [join(closed, 'data'), join(closed, 'cache')];
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  await (await startEmbedded({ dataDir, binariesDir: programs, cacheRoots: [cacheRoot], log })).stop();
  expect(lines[0]).toMatch(/^Copying the PostgreSQL programs once/);
});

asRoot('refuses and names the setting where no namespace may be made', async () => {
  const closed = await temporaryFolder(0o700);
  // A namespace may itself forbid further ones, as containers do; a machine without any needs no such arrangement.
  const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  const by = hasNamespaces ? ['unshare', '--user', '--map-root-user', 'sh', '-c', forbid, 'sh'] : [];
  const { answer } = await startInProcess({ dataDir: join(closed, 'data') }, undefined, by);
  expect(answer.refused).toBe('SetupError');
  expect(answer.message).toMatch(new RegExp(`${closed} is closed to it.*--data.*TRIBUTARY_DATA`, 's'));
  expect(await readdir(closed)).toEqual([]);
});

asRoot("refuses a folder that is closed to others and somebody else's", async () => {
  const closed = await temporaryFolder(0o700);
  await chown(closed, STRANGER, STRANGER);
  const refusal = startEmbedded({ dataDir: join(closed, 'data') });
  await expect(refusal).rejects.toThrow(SetupError);
  await expect(refusal).rejects.toThrow(new RegExp(`${closed} is closed to it.*--data.*TRIBUTARY_DATA`, 's'));
  expect(await readdir(closed)).toEqual([]);
});

async function modeAndOwner(path: string): Promise<string> {
  const { mode, uid } = await stat(path);
  return `${(mode & 0o777).toString(8)} ${uid}`;
}

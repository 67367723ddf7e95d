import { access, chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { prepareBinaries } from '../../../db/embedded/binaries.ts';
import { startEmbedded } from '../../../db/embedded/launcher.ts';
import { closedFolder, lookUpUser } from '../../../db/embedded/server-user.ts';
import {
  ask,
  LINKS,
  PROJECT,
  programsWithoutLinks,
  serverPid,
  startInProcess,
  temporaryFolder,
} from '../../support/embedded.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = it.skipIf(!isRoot);
const nobody = await lookUpUser('nobody');
const projectIsOpen = nobody !== null && (await closedFolder(PROJECT, nobody)) === null;
/** Somebody who is not root: ourselves, or as root `nobody`, who must then be able to read the project. */
const asPlainUser = it.skipIf(isRoot && !projectIsOpen);
const plainUser = isRoot && nobody !== null ? nobody : undefined;

/** The programs as npm leaves them without install scripts. The tests that use them come last, and in this order. */
let programs: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-embedded-'));
  await chmod(folder, 0o755);
  programs = await programsWithoutLinks(folder);
});
afterAll(() => rm(join(programs, '..'), { recursive: true, force: true }));

asPlainUser('a plain user: starts, stops cleanly and starts again with what was there', async () => {
  const dataDir = await plainFolder();
  const first = await startInProcess({ dataDir }, plainUser);
  expect(first.answer).toMatchObject({ adopted: false });
  await ask(String(first.answer.url), 'create table kept as select 7 as seven');
  await first.end('stop');
  expect(await serverPid(dataDir)).toBeNull();
  const second = await startInProcess({ dataDir }, plainUser);
  expect(second.answer).toMatchObject({ adopted: false, url: first.answer.url });
  expect(await ask(String(second.answer.url), 'select seven from kept')).toEqual({ seven: 7 });
  await second.end('stop');
});

asRoot('root: makes the folder, hands the cluster over and keeps the password to itself', async () => {
  const dataDir = join(await temporaryFolder(), 'data');
  const server = await startEmbedded({ dataDir });
  const uid = ((await lookUpUser('tributary')) ?? (await lookUpUser('postgres')) ?? nobody)?.uid;
  expect(await modeAndOwner(dataDir)).toEqual('755 0');
  expect(await modeAndOwner(join(dataDir, 'postgres'))).toEqual(`700 ${uid}`);
  expect(await modeAndOwner(join(dataDir, 'postgres.json'))).toEqual('600 0');
  expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.json', 'postgres.log', 'tributary.lock']);
  expect(await ask(server.url, settingsQuery)).toEqual({
    fsync: 'on',
    addresses: '127.0.0.1',
    sockets: '',
    encoding: 'UTF8',
    sums: 'on',
  });
  await server.stop();
  expect(await readdir(dataDir)).not.toContain('tributary.lock');
});

asRoot('root without a postgres user: runs as nobody; with no such user at all it says so', async () => {
  const dataDir = join(await temporaryFolder(), 'data');
  const server = await startEmbedded({ dataDir, lookUpUser: async (name) => (name === 'nobody' ? nobody : null) });
  expect((await stat(join(dataDir, 'postgres'))).uid).toBe(nobody?.uid);
  await server.stop();
  const refusal = startEmbedded({ dataDir: join(await temporaryFolder(), 'data'), lookUpUser: async () => null });
  await expect(refusal).rejects.toThrow(/does not run as root.*DATABASE_URL/s);
  // Who owns the cluster goes on to run it, whoever else has come to the machine.
  const again = await startEmbedded({ dataDir });
  await again.stop();
  expect((await stat(join(dataDir, 'postgres'))).uid).toBe(nobody?.uid);
});

asPlainUser('install scripts off and the package not writable: a linked copy does it', async () => {
  await chmod(join(programs, 'lib'), 0o555);
  onTestFinished(() => chmod(join(programs, 'lib'), 0o755));
  const dataDir = await plainFolder();
  const options = { dataDir, binariesDir: programs, cacheRoots: [join(dataDir, 'programs')] };
  const server = await startInProcess(options, plainUser);
  expect(server.answer).toMatchObject({ adopted: false });
  await server.end('stop');
});

it('install scripts off: makes the library links that the package lists', async () => {
  expect(LINKS.size).toBeGreaterThan(0);
  for (const link of LINKS) await expect(access(join(programs, link))).rejects.toThrow();
  const dataDir = join(await temporaryFolder(), 'data');
  const server = await startEmbedded({ dataDir, binariesDir: programs, cacheRoots: [] });
  await server.stop();
  for (const link of LINKS) await access(join(programs, link));
});

asRoot('root with the project in a root-only folder: copies the programs once, also for two at once', async () => {
  await chmod(join(programs, '..'), 0o700);
  const cacheRoot = join(await temporaryFolder(), 'cache');
  const places = { binariesDir: programs, cacheRoots: [cacheRoot] };
  const input = { ...places, user: nobody, log: () => {} };
  const [one, other] = await Promise.all([prepareBinaries(input), prepareBinaries(input)]);
  expect(one.postgres).toBe(other.postgres);
  const copies = await readdir(cacheRoot);
  expect(copies).toEqual([expect.stringMatching(/^postgres-[0-9a-f]{16}$/)]);
  const lines: string[] = [];
  const dataDir = join(await temporaryFolder(), 'data');
  await (await startEmbedded({ dataDir, ...places, log: (line) => lines.push(line) })).stop();
  expect(lines).toEqual([`Making a new database in ${dataDir}.`]);
  // A cleaner of old files may come upon the copy.
  const template = join(cacheRoot, String(copies[0]), 'share/postgresql/postgres.bki');
  await rm(template);
  await prepareBinaries(input);
  await access(template);
  expect(await readdir(cacheRoot)).toEqual(copies);
});

const settingsQuery = `select current_setting('fsync') as fsync, current_setting('listen_addresses') as addresses,
  current_setting('unix_socket_directories') as sockets, current_setting('server_encoding') as encoding,
  current_setting('data_checksums') as sums`;

async function modeAndOwner(path: string): Promise<string> {
  const { mode, uid } = await stat(path);
  return `${(mode & 0o777).toString(8)} ${uid}`;
}

/** Where the plain user may make a data folder. */
async function plainFolder(): Promise<string> {
  return join(await temporaryFolder(0o777), 'data');
}

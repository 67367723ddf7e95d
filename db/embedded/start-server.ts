import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '../../core/errors.ts';
import type { RunningServer } from './adopt.ts';
import { prepareBinaries } from './binaries.ts';
import { type ClusterPlace, clusterFolder, createCluster, handOver, hasCluster, resetPassword } from './cluster.ts';
import { newPassword, readConnectionFacts, writeConnectionFacts } from './connection-file.ts';
import type { DataFolder } from './data-folder.ts';
import { freePort, isFree } from './port.ts';
import { disarmStalePidFile } from './postmaster.ts';
import { launchServer, type ServerSettings } from './server.ts';

export interface StartOptions {
  /** Refused when taken. By default the port of last time, else any free one. */
  readonly port?: number;
  /** Server settings on top of ours; tests and the bench use them. */
  readonly settings?: ServerSettings;
  /** Another place of the programs than the installed package: the folder with `bin`, `lib` and `share`. */
  readonly binariesDir?: string;
  /** Where a readable copy of the programs may go, best first. */
  readonly cacheRoots?: readonly string[];
}

/** Starts a server on a cluster of the data folder, which is made first where there is none, and remembers its port. */
export async function startServer(
  { dataDir, user }: DataFolder,
  options: StartOptions,
  log: (line: string) => void,
): Promise<RunningServer> {
  const cacheRoots = options.cacheRoots ?? [
    '/var/cache/tributary',
    join(tmpdir(), `tributary-${process.getuid?.() ?? ''}`),
  ];
  const binaries = await prepareBinaries({ user, binariesDir: options.binariesDir, cacheRoots, log });
  const place = { dataDir, user, binaries };
  const remembered = await readConnectionFacts(dataDir);
  const password = await preparedCluster(place, remembered?.password ?? null, log);
  for (let attempt = 1; ; attempt += 1) {
    const facts = { port: await choosePort(options.port, remembered?.port), password };
    await writeConnectionFacts(dataDir, facts);
    try {
      return { pid: await launchServer(place, facts, options.settings ?? {}), facts };
    } catch (error) {
      // Between our look and the server's bind somebody may have taken the port: worth another one.
      if (options.port !== undefined || attempt === 3 || (await isFree(facts.port))) throw error;
    }
  }
}

/** Sees to it that a cluster is there which the server can open, and returns its password. */
async function preparedCluster(
  place: ClusterPlace,
  known: string | null,
  log: (line: string) => void,
): Promise<string> {
  const password = known ?? newPassword();
  if (!(await hasCluster(place))) {
    log(`Making a new database in ${place.dataDir}.`);
    // The password is written first: a crash may leave a password without a cluster, never the other way round.
    await writeConnectionFacts(place.dataDir, { port: await freePort(), password });
    await createCluster(place, password);
    return password;
  }
  await handOver(clusterFolder(place.dataDir), place.user);
  await disarmStalePidFile(clusterFolder(place.dataDir));
  if (known === null) {
    log(`The file postgres.json was missing in ${place.dataDir}: the database gets a new password.`);
    await resetPassword(place, password);
  }
  return password;
}

async function choosePort(asked: number | undefined, remembered: number | undefined): Promise<number> {
  if (asked !== undefined && !(await isFree(asked))) {
    throw new SetupError(
      `Port ${asked}, asked for as PostgreSQL's, is taken by another program. Stop that one, or ask for another port.`,
    );
  }
  if (asked !== undefined) return asked;
  return remembered !== undefined && (await isFree(remembered)) ? remembered : freePort();
}

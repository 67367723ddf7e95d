import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '../../core/errors.ts';
import { findOrphan, type RunningServer } from './adopt.ts';
import { prepareBinaries } from './binaries.ts';
import { type ClusterPlace, clusterFolder, createCluster, handOver, hasCluster, resetPassword } from './cluster.ts';
import { connectionUrl, DATABASE, newPassword, readConnectionFacts, writeConnectionFacts } from './connection-file.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { holdDataFolder } from './data-lock.ts';
import { fileTrouble } from './file-trouble.ts';
import { freePort, isFree } from './port.ts';
import { disarmStalePidFile } from './postmaster.ts';
import { createDatabase } from './probe.ts';
import { askToStop, launchServer, type ServerSettings, stopServer } from './server.ts';
import { lookUpUser, type UserLookup } from './server-user.ts';
import { watchServer } from './watch.ts';

export interface EmbeddedOptions {
  /** Holds the cluster, its connection file, its log and the lock. Made when it is not there. */
  readonly dataDir: string;
  /** Refused when taken. By default the port of last time, else any free one. */
  readonly port?: number;
  readonly log?: (line: string) => void;
  /** Server settings on top of ours; tests and the bench use them. */
  readonly settings?: ServerSettings;
  /** Another place of the programs than the installed package: the folder with `bin`, `lib` and `share`. */
  readonly binariesDir?: string;
  /** Where a readable copy of the programs may go, best first. */
  readonly cacheRoots?: readonly string[];
  readonly lookUpUser?: UserLookup;
}

export interface EmbeddedPostgres {
  /** `postgres://tributary:…@127.0.0.1:PORT/tributary` */
  readonly url: string;
  readonly port: number;
  /** True when an earlier start had left the server running and it has been taken over. */
  readonly adopted: boolean;
  /** A clean shutdown; then the data folder is free for others. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that comes with the product on this data folder, or takes over the one that a killed start left
 * running there; keeps it running until `stop`. Every refusal is a SetupError that says what to do.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  try {
    const folder = await openDataFolder(options.dataDir, options.lookUpUser ?? lookUpUser);
    const lock = await holdDataFolder(folder.dataDir);
    try {
      return await startHeld(folder, options, lock.release);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw fileTrouble(error, options.dataDir);
  }
}

async function startHeld(folder: DataFolder, options: EmbeddedOptions, release: () => Promise<void>) {
  const log = options.log ?? (() => {});
  const orphan = await takeOver(folder.dataDir, options.port, log);
  const { pid, facts } = orphan ?? (await startServer(folder, options, log));
  try {
    await createDatabase(facts, DATABASE);
  } catch (error) {
    await stopServer(pid);
    throw error;
  }
  const watch = watchServer(
    pid,
    async () => (await startServer(folder, { ...options, port: facts.port }, log)).pid,
    log,
  );
  // Where the process ends without a stop, through an error that nobody caught, the server still goes down in good order.
  const goWithUs = () => askToStop(watch.pid, 'SIGINT');
  process.once('exit', goWithUs);
  const stop = async () => {
    await watch.end();
    await stopServer(watch.pid);
    process.off('exit', goWithUs);
    await release();
  };
  let stopped: Promise<void> | null = null;
  return {
    url: connectionUrl(facts),
    port: facts.port,
    adopted: orphan !== null,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** We hold the folder, so a server that still runs on it was left over. On another port than the asked one it is no use. */
async function takeOver(dataDir: string, port: number | undefined, log: (line: string) => void) {
  const orphan = await findOrphan(dataDir);
  if (orphan === null) return null;
  if (port !== undefined && port !== orphan.facts.port) {
    log(`Stopping the PostgreSQL that an earlier start left on port ${orphan.facts.port}: port ${port} is asked for.`);
    await stopServer(orphan.pid);
    return null;
  }
  log(
    `Took over the PostgreSQL that an earlier start left running (process ${orphan.pid}, port ${orphan.facts.port}).`,
  );
  return orphan;
}

async function startServer(
  { dataDir, user }: DataFolder,
  options: EmbeddedOptions,
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

import { findOrphan } from './adopt.ts';
import { connectionUrl, DATABASE } from './connection-file.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { holdDataFolder } from './data-lock.ts';
import { fileTrouble } from './file-trouble.ts';
import { createDatabase } from './probe.ts';
import { askToStop, stopServer } from './server.ts';
import { lookUpUser, type UserLookup } from './server-user.ts';
import { type StartOptions, startServer } from './start-server.ts';
import { watchServer } from './watch.ts';

export interface EmbeddedOptions extends StartOptions {
  /** Holds the cluster, its connection file, its log and the lock. Made when it is not there. */
  readonly dataDir: string;
  readonly log?: (line: string) => void;
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

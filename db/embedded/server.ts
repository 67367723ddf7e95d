import type { ChildProcess } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../../core/errors.ts';
import { type ClusterPlace, clusterFolder, lastLines } from './cluster.ts';
import { type ConnectionFacts, giveToOwner } from './connection-file.ts';
import { probe } from './probe.ts';
import { lookUpProcess, waitForEnd } from './process-table.ts';
import { spawnAs } from './run-as.ts';

export type ServerSettings = Readonly<Record<string, string>>;

/** For a small machine. Nothing here trades safety for speed: fsync and full page writes stay on. */
const SETTINGS: ServerSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '100',
  jit: 'off', // our statements are short; compiling them costs more than it gains
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off', // or the log grows by a line every five minutes for ever
};

const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** Recovery after a crash reads back at most a checkpoint's worth of journal; on a slow disk that takes minutes. */
const READY_WITHIN_MS = 10 * 60_000;
/** Once may be a stranger at our port, and our server about to end because of it; this often is our own. */
const REFUSALS = 40;
const REFUSED = 'it refuses the password in postgres.json: move that file away, and the next start sets a new one';
const STOP_WITHIN_MS = 20_000;

/** Starts the server and waits until it accepts connections. Throws with the end of its log when it ends instead. */
export async function launchServer(place: ClusterPlace, facts: ConnectionFacts, more: ServerSettings): Promise<number> {
  const logFile = join(place.dataDir, 'postgres.log');
  const logStart = await rotateLog(logFile);
  const log = await open(logFile, 'a', 0o600);
  await giveToOwner(logFile, place.dataDir);
  const clusterDir = clusterFolder(place.dataDir);
  let child: ChildProcess;
  try {
    const settings = { ...SETTINGS, ...more, port: String(facts.port) };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    child = spawnAs(place.user, place.binaries.postgres, ['-D', clusterDir, ...args], {
      detached: true, // a Ctrl-C in the terminal is for us: the server goes when we have drained
      stdio: ['ignore', log.fd, log.fd],
    });
  } finally {
    await log.close();
  }
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = code === null ? `signal ${signal}` : `exit code ${code}`;
  });
  child.unref();
  const deadline = Date.now() + READY_WITHIN_MS;
  let refusals = 0;
  while (ended === null && refusals < REFUSALS && Date.now() < deadline) {
    const state = await probe(facts, clusterDir);
    if (state === 'ready' && child.pid !== undefined) return child.pid;
    refusals = state === 'not-ours' ? refusals + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const why = ended ?? (refusals > 0 ? REFUSED : 'not ready in time');
  if (ended === null && child.pid !== undefined) await stopServer(child.pid);
  const words = (await readFile(logFile)).subarray(logStart).toString('utf8');
  throw new SetupError(`PostgreSQL did not start (${why}). The end of ${logFile} says:\n${lastLines(words)}`);
}

/** Keeps one earlier log beside a new one, and tells where the lines of this start begin. */
async function rotateLog(logFile: string): Promise<number> {
  const size = await stat(logFile)
    .then((found) => found.size)
    .catch(() => 0);
  if (size < LOG_LIMIT_BYTES) return size;
  await rename(logFile, `${logFile}.1`);
  return 0;
}

/**
 * Stops a server, our child or an adopted one: a fast shutdown, which ends open sessions and writes a checkpoint; after
 * 20 seconds an immediate one, from which the next start recovers.
 */
export async function stopServer(pid: number): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', STOP_WITHIN_MS],
    ['SIGQUIT', 5000],
  ] as const) {
    if ((await lookUpProcess(pid)) === null) return;
    askToStop(pid, signal);
    if (await waitForEnd(pid, patienceMs)) return;
  }
  throw new SetupError(
    `PostgreSQL (process ${pid}) does not stop. Look into the disk it writes to, then end that process.`,
  );
}

/** Sends the signal; a process that has just gone is no error. */
export function askToStop(pid: number, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookUpProcess } from './process-table.ts';

/** The server process that runs on a cluster. */
interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** What `postmaster.pid` says, when that is a live server of this very cluster; null when it is stale or absent. */
export async function livePostmaster(clusterDir: string): Promise<Postmaster | null> {
  const lines = await pidFileLines(clusterDir);
  const [pid, port] = [Number(lines[0]), Number(lines[3])]; // its fixed order: pid, folder, start time, port, …
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return null;
  return (await isServerOf(clusterDir, pid)) ? { pid, port } : null;
}

/**
 * After a crash of the whole machine the number in the pid file may belong to some other program. PostgreSQL sees only
 * that it is alive and refuses to start. So the number becomes one that no process can have. The rest of the file stays:
 * from it PostgreSQL finds out whether parts of the old server still hold on to the data.
 */
export async function disarmStalePidFile(clusterDir: string): Promise<void> {
  const lines = await pidFileLines(clusterDir);
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || (await lookUpProcess(pid)) === null) return; // PostgreSQL sees to it
  if (await isServerOf(clusterDir, pid)) return;
  await writeFile(join(clusterDir, 'postmaster.pid'), [String(2 ** 31 - 1), ...lines.slice(1)].join('\n'));
}

async function isServerOf(clusterDir: string, pid: number): Promise<boolean> {
  const facts = await lookUpProcess(pid);
  // Where the command is hidden from us the connection test decides, which asks the server for its folder.
  return facts !== null && (facts.command === null || `${facts.command} `.includes(`-D ${clusterDir} `));
}

async function pidFileLines(clusterDir: string): Promise<string[]> {
  try {
    return (await readFile(join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

import { chmod, chown, lchown, mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../../core/errors.ts';
import type { Binaries } from './binaries.ts';
import { SUPERUSER } from './connection-file.ts';
import { runAs } from './run-as.ts';
import type { ServerUser } from './server-user.ts';

/** An empty cluster takes 40 MB, its first journal files 48 MB, and PostgreSQL keeps more of those as it works. */
const NEEDED_BYTES = 200 * 1024 * 1024;

export interface ClusterPlace {
  /** Real path of the folder that holds everything of ours. */
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly user: ServerUser | null;
}

export function clusterFolder(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/** True when a cluster is there; refuses one that these binaries cannot open. */
export async function hasCluster({ dataDir, binaries }: ClusterPlace): Promise<boolean> {
  const clusterDir = clusterFolder(dataDir);
  const found = await readFile(join(clusterDir, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return false;
  if (found.trim() !== binaries.major) {
    throw new SetupError(
      `The database in ${clusterDir} was made by PostgreSQL ${found.trim()}, and this version of Tributary brings ` +
        `PostgreSQL ${binaries.major}. Start the earlier version, run "tributary db backup", and restore that here ` +
        'into a new folder (--data, TRIBUTARY_DATA).',
    );
  }
  return true;
}

/** Makes an empty cluster. It gets its final name only when it is whole, so a crash in between leaves nothing half made. */
export async function createCluster({ dataDir, binaries, user }: ClusterPlace, password: string): Promise<void> {
  const { bavail, bsize } = await statfs(dataDir);
  if (bavail * bsize < NEEDED_BYTES) {
    throw new SetupError(
      `The disk of ${dataDir} has ${Math.floor((bavail * bsize) / 1e6)} MB left, and a new database needs ` +
        `${Math.ceil(NEEDED_BYTES / 1e6)} MB. Free some space, or choose another folder with --data (TRIBUTARY_DATA).`,
    );
  }
  const unfinished = join(dataDir, 'postgres.new');
  const passwordFile = join(dataDir, 'postgres.password');
  await rm(unfinished, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (user !== null) {
      for (const path of [unfinished, passwordFile]) await chown(path, user.uid, user.gid);
    }
    const { ok, output } = await runAs(user, binaries.initdb, initdbArguments(unfinished, passwordFile));
    if (!ok) throw new SetupError(`PostgreSQL could not make its database in ${dataDir}: ${lastLines(output)}`);
    await rename(unfinished, clusterFolder(dataDir));
  } finally {
    await rm(passwordFile, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
}

function initdbArguments(clusterDir: string, passwordFile: string): string[] {
  return [
    `--pgdata=${clusterDir}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
  ];
}

/** Gives the superuser a new password while no server runs: for a cluster whose connection file was lost. */
export async function resetPassword({ dataDir, binaries, user }: ClusterPlace, password: string): Promise<void> {
  const clusterDir = clusterFolder(dataDir);
  const statement = `alter role ${SUPERUSER} password '${password}'\n`;
  const { ok, output } = await runAs(user, binaries.postgres, ['--single', '-D', clusterDir, 'postgres'], statement);
  if (!ok || output.includes('ERROR:')) {
    throw new SetupError(
      `The file postgres.json is missing in ${dataDir}, and PostgreSQL refused a new password: ${lastLines(output)} ` +
        'Restore that file from a backup.',
    );
  }
}

/** A folder that root copied belongs to root, and was perhaps opened to others: neither will do for the server. */
export async function handOver(clusterDir: string, user: ServerUser | null): Promise<void> {
  const { uid, mode } = await stat(clusterDir);
  if ((mode & 0o777) !== 0o700 && process.platform !== 'win32') await chmod(clusterDir, 0o700);
  if (user === null || uid === user.uid) return;
  for (const name of await readdir(clusterDir, { recursive: true })) {
    await lchown(join(clusterDir, name), user.uid, user.gid);
  }
  await lchown(clusterDir, user.uid, user.gid); // last: its owner is how the next start sees that all was handed over
}

/** The end of what a program wrote, which is where it says why. */
export function lastLines(output: string, count = 6): string {
  return output.trim().split('\n').slice(-count).join('\n');
}

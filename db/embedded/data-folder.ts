import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SetupError } from '../../core/errors.ts';
import { clusterFolder } from './cluster.ts';
import { runAs } from './run-as.ts';
import { chooseServerUser, closedFolder, ROOT_IN_NAMESPACE, type ServerUser, type UserLookup } from './server-user.ts';

export interface DataFolder {
  /** Its real path: the one that the server's command line and pid file name. */
  readonly dataDir: string;
  readonly user: ServerUser | null;
}

/** Makes the data folder where there is none, and finds a user of the server who can get into it. */
export async function openDataFolder(path: string, lookup: UserLookup): Promise<DataFolder> {
  const wanted = await realpath(path).catch(() => resolve(path));
  const user = await userWhoMayEnter(wanted, await chooseServerUser(clusterFolder(wanted), lookup));
  const firstMade = await mkdir(wanted, { recursive: true });
  if (firstMade !== undefined && user !== null) {
    // Each by name: a strict umask of root's would otherwise lock the server out of what we have just made for it.
    for (let at = wanted; at.startsWith(firstMade); at = dirname(at)) await chmod(at, 0o755);
  }
  return { dataDir: await realpath(wanted), user };
}

/**
 * The chosen user where the way to the folder is open, else root in a namespace, where this machine makes one. The modes
 * of the folders alone decide, so a start with other modes than the last hands the cluster over, and nothing is noted.
 */
async function userWhoMayEnter(path: string, chosen: ServerUser | null): Promise<ServerUser | null> {
  const closed = chosen === null ? null : await closedFolder(path, chosen);
  if (chosen === null || closed === null) return chosen;
  if ((await closedFolder(path, ROOT_IN_NAMESPACE)) === null && (await runAs(ROOT_IN_NAMESPACE, 'true', [])).ok) {
    return ROOT_IN_NAMESPACE;
  }
  throw new SetupError(
    `The data folder ${path} cannot be used: started by root, PostgreSQL runs as the user ${chosen.name}, and the folder ` +
      `${closed} is closed to it. Choose a folder that others may enter, for example --data /var/lib/tributary ` +
      '(or TRIBUTARY_DATA=/var/lib/tributary), or start Tributary as a plain user.',
  );
}

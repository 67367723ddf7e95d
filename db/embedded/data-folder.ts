import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SetupError } from '../../core/errors.ts';
import { clusterFolder } from './cluster.ts';
import { chooseServerUser, closedFolder, type ServerUser, type UserLookup } from './server-user.ts';

export interface DataFolder {
  /** Its real path: the one that the server's command line and pid file name. */
  readonly dataDir: string;
  readonly user: ServerUser | null;
}

/** Makes the data folder where there is none, and makes sure that the server's user can get into it. */
export async function openDataFolder(path: string, lookup: UserLookup): Promise<DataFolder> {
  const wanted = await realpath(path).catch(() => resolve(path));
  const user = await chooseServerUser(clusterFolder(wanted), lookup);
  const closed = user === null ? null : await closedFolder(wanted, user);
  if (user !== null && closed !== null) {
    throw new SetupError(
      `The data folder ${wanted} cannot be used: started by root, PostgreSQL runs as the user ${user.name}, and the folder ` +
        `${closed} is closed to it. Choose a folder that others may enter, for example --data /var/lib/tributary ` +
        '(or TRIBUTARY_DATA=/var/lib/tributary), or start Tributary as a plain user.',
    );
  }
  const firstMade = await mkdir(wanted, { recursive: true });
  if (firstMade !== undefined && user !== null) {
    // Each by name: a strict umask of root's would otherwise lock the server out of what we have just made for it.
    for (let at = wanted; at.startsWith(firstMade); at = dirname(at)) await chmod(at, 0o755);
  }
  return { dataDir: await realpath(wanted), user };
}

import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { SetupError } from '../../core/errors.ts';

/** Whom the server runs as when we are root: PostgreSQL itself refuses to run as root. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** It is root all the same, in a user namespace of its own: there root has another number, and no power over others. */
  readonly inNamespace?: true;
}

/**
 * Enters what is root's own, such as a folder closed to everybody else, and what it writes is root's. PostgreSQL, which
 * sees the number of the namespace, agrees to run.
 */
export const ROOT_IN_NAMESPACE: ServerUser = { name: 'root in a namespace', uid: 0, gid: 0, inNamespace: true };

export type UserLookup = (name: string) => Promise<ServerUser | null>;

const CANDIDATES = ['tributary', 'postgres', 'nobody'];

/** Asks the machine's own user database, be it a file or a directory service. */
export async function lookUpUser(name: string): Promise<ServerUser | null> {
  try {
    const ask = async (flag: string) => Number((await promisify(execFile)('id', [flag, name])).stdout.trim());
    const [uid, gid] = await Promise.all([ask('-u'), ask('-g')]);
    return { name, uid, gid };
  } catch {
    return null;
  }
}

/**
 * Who runs the server of this cluster: null for ourselves. As root it is whoever owns the cluster already, so that a new
 * user on the machine changes nothing; for a new cluster the first candidate that exists.
 */
export async function chooseServerUser(clusterDir: string, lookup: UserLookup): Promise<ServerUser | null> {
  const ownUid = process.getuid?.();
  if (ownUid === undefined) return null; // Windows
  const owner = await stat(clusterDir).catch(() => null);
  if (ownUid !== 0) {
    if (owner !== null && owner.uid !== ownUid) {
      throw new SetupError(
        `The database in ${clusterDir} belongs to user number ${owner.uid}, and this is user number ${ownUid}. ` +
          'Start Tributary as the user who made it, or choose another folder with --data (TRIBUTARY_DATA).',
      );
    }
    return null;
  }
  if (owner !== null && owner.uid !== 0) return { name: `number ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  for (const name of CANDIDATES) {
    const user = await lookup(name);
    if (user !== null && user.uid !== 0) return user;
  }
  throw new SetupError(
    `PostgreSQL does not run as root, and this machine has none of the users ${CANDIDATES.join(', ')} to run it as. ` +
      'Start Tributary as a plain user, add a user named tributary, or set DATABASE_URL to a server of your own.',
  );
}

/** The first folder on the way to `path`, itself included, that this user may not enter; null when the way is open. */
export async function closedFolder(path: string, user: ServerUser): Promise<string | null> {
  const folders = [path];
  for (let at = path; dirname(at) !== at; at = dirname(at)) folders.unshift(dirname(at));
  for (const folder of folders) {
    const found = await stat(folder).catch(() => null);
    if (found === null || !found.isDirectory()) return null; // not there yet: we make it, open, or say why we cannot
    const enter = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001;
    if ((found.mode & enter) === 0) return folder;
  }
  return null;
}

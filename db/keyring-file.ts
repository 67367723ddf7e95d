import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SetupError } from '../core/errors.ts';
import { keyFromBase64 } from '../core/seal.ts';
import { syncFolder } from './sync-folder.ts';

/** The first key is the current one; the others only open what they once sealed. */
export type Keyring = readonly [KeyObject, ...KeyObject[]];

const HEADING = `# Master key of Tributary: locks the networks' keys that lie in the database. First line: the current key;
# any further line: an older one. Keep a copy apart from the database and its backups, and show it to nobody.
`;

/** Reads a keyring. Null where there is no such file; a SetupError where others may read it or a line is no key. */
export async function readKeyring(path: string): Promise<Keyring | null> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new SetupError(`The master key in ${path} cannot be read (${error.code}).`, { cause: error });
  });
  if (file === null) return null;
  try {
    refuseOpenDoor(path, (await file.stat()).mode);
    return parseKeyring(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

/** Makes the file, or keeps the one that another start has just made: it appears whole, and only one can win. */
export async function createKeyring(path: string, keyring: Keyring): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = await writePartial(path, keyring);
  try {
    await link(partial, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, cause);
  } finally {
    await rm(partial, { force: true });
  }
}

/** Replaces the file in one step: after a crash it holds the old keys or the new ones, never half of them. */
export async function replaceKeyring(path: string, keyring: Keyring): Promise<void> {
  const { uid, gid } = await stat(path);
  const partial = await writePartial(path, keyring, { uid, gid });
  try {
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    throw cannotWrite(path, cause);
  }
  await syncFolder(dirname(path));
}

async function writePartial(path: string, keyring: Keyring, owner?: { uid: number; gid: number }): Promise<string> {
  const partial = `${path}.partial-${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(HEADING + keyring.map((key) => `${key.export().toString('base64')}\n`).join(''));
      if (owner && process.getuid?.() === 0) await file.chown(owner.uid, owner.gid); // run by root for another user
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
  return partial;
}

function parseKeyring(path: string, text: string): Keyring {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    const key = keyFromBase64(line);
    if (key) return [key];
    throw new SetupError(`Line ${index + 1} of ${path} is not a key of 32 bytes in base64. ${RESTORE}`);
  });
  const [current, ...older] = keys;
  if (!current) throw new SetupError(`${path} holds no master key. ${RESTORE}`);
  return [current, ...older];
}

const RESTORE = 'Restore the file from your backup.';

function refuseOpenDoor(path: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw new SetupError(
    `The master key in ${path} can be read by other users of this machine. Close it with: chmod 600 ${path} ` +
      '(a mounted secret: set its mode to 0400).',
  );
}

function cannotWrite(path: string, cause: unknown): SetupError {
  const { code } = cause as NodeJS.ErrnoException;
  return new SetupError(`The master key cannot be written to ${path} (${code}): the folder must be writable.`, {
    cause,
  });
}

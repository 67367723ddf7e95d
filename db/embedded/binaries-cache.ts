import { createHash, randomBytes } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A copy of the binaries under `root`, made once, that every user may read. Null when it cannot be made there. The name
 * holds the hash of the server program, so a new version gets a copy of its own. A copy appears by rename: whole or not
 * at all, however many starts make one at once.
 */
export async function cachedCopy(
  nativeDir: string,
  root: string,
  makeLinks: (dir: string) => Promise<boolean>,
  log: (line: string) => void,
): Promise<string | null> {
  try {
    if (!(await isOurs(root))) return null;
    const program = await readFile(join(nativeDir, 'bin', 'postgres'));
    const copy = join(root, `postgres-${createHash('sha256').update(program).digest('hex').slice(0, 16)}`);
    if (await isComplete(copy, nativeDir)) return copy;
    log(`Copying the PostgreSQL programs once to ${copy}, because the server's user cannot read ${nativeDir}.`);
    const partial = `${copy}.partial-${process.pid}-${randomBytes(4).toString('hex')}`;
    try {
      await cp(nativeDir, partial, { recursive: true, verbatimSymlinks: true });
      await openToAll(partial);
      await makeLinks(partial);
      if (!(await moved(partial, copy)) && !(await isComplete(copy, nativeDir))) {
        // What stands there has lost files, say to a cleaner of /tmp. Aside with it: others may be starting from it.
        await moved(copy, `${partial}-old`);
        await moved(partial, copy);
        await rm(`${partial}-old`, { recursive: true, force: true });
      }
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return (await isComplete(copy, nativeDir)) ? copy : null;
  } catch {
    return null; // full, read-only or closed: the caller tries the next place and names them all
  }
}

/** False where another start was quicker: a folder is never moved onto one that holds something. */
function moved(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  );
}

/** In a folder that others may write, somebody could leave programs for us to run: such a folder is not used. */
async function isOurs(root: string): Promise<boolean> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  const found = await lstat(root);
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) return false;
  await chmod(root, 0o755); // whatever the umask took away, or an earlier hand gave
  return true;
}

async function isComplete(copy: string, original: string): Promise<boolean> {
  const [have, want] = await Promise.all([filesIn(copy), filesIn(original)]);
  const present = new Set(have);
  return want.every((name) => present.has(name));
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(dir.length));
}

async function openToAll(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

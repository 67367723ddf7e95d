import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { SetupError } from '../../core/errors.ts';
import { giveToOwner } from './connection-file.ts';
import { lookUpProcess } from './process-table.ts';

const Holder = z.object({
  /** Tells two holds of one process apart. */
  id: z.string(),
  pid: z.int().positive(),
  startMark: z.string().nullable(),
  host: z.string(),
  since: z.iso.datetime(),
});
type Holder = z.infer<typeof Holder>;

const BEAT_MS = 10_000;
/** A holder on another machine (or in another container) cannot be looked up: it lives while its beat is this young. */
const BEAT_LOST_MS = 3 * BEAT_MS;

export interface DataLock {
  release(): Promise<void>;
}

/**
 * Holds a data folder for this process. Throws a SetupError that names the holder when another live process has it; the
 * lock of a process that is gone is taken over. Safe against a second start at the same moment.
 */
export async function holdDataFolder(dataDir: string): Promise<DataLock> {
  const path = join(dataDir, 'tributary.lock');
  const own: Holder = {
    id: randomUUID(),
    pid: process.pid,
    startMark: (await lookUpProcess(process.pid))?.startMark ?? null,
    host: hostname(),
    since: new Date().toISOString(),
  };
  const draft = `${path}.${own.id}`;
  await writeFile(draft, `${JSON.stringify(own)}\n`, { mode: 0o644, flag: 'wx' });
  try {
    await giveToOwner(draft, dataDir);
    // A link appears whole and only where nothing is: nobody ever reads half a lock, and only one of two starts wins.
    while (!(await linked(draft, path))) await clearDeadLock(path, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      if ((await readHolder(path))?.id === own.id) await rm(path, { force: true });
    },
  };
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Returns when the way is free for another attempt; throws when the holder lives. */
async function clearDeadLock(path: string, dataDir: string): Promise<void> {
  const judged = await readHolder(path);
  if (judged !== null && (await isAlive(judged, path))) throw heldBy(judged, dataDir);
  // Taken aside by rename, which only one of two starts can do with one file. If meanwhile it has become somebody's
  // fresh lock, it goes back.
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readHolder(aside);
  if (taken !== null && taken.id !== judged?.id) await linked(aside, path);
  await rm(aside, { force: true });
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return Holder.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') throw error;
    return null; // gone, or not a lock of ours
  }
}

async function isAlive(holder: Holder, path: string): Promise<boolean> {
  if (holder.host !== hostname()) {
    const beatAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    return Date.now() - beatAt < BEAT_LOST_MS;
  }
  const found = await lookUpProcess(holder.pid);
  if (found === null) return false;
  // The number alone may have been handed out again.
  return found.startMark === null || holder.startMark === null || found.startMark === holder.startMark;
}

function heldBy({ pid, host, since }: Holder, dataDir: string): SetupError {
  const where = host === hostname() ? '' : ` on ${host}`;
  const when = `${since.slice(0, 19).replace('T', ' ')} UTC`;
  return new SetupError(
    `The data folder ${dataDir} is in use: process ${pid}${where} holds it since ${when}. ` +
      'Stop that one first, or choose another folder with --data (TRIBUTARY_DATA).',
  );
}

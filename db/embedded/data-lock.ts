import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
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

interface DataLock {
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
    const holder = await take(path, draft);
    if (holder !== null) throw heldBy(holder, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      if (isSame(await readHolder(path), own)) await rm(path, { force: true });
    },
  };
}

/**
 * Puts the draft at `path`; returns the live holder when there is one, else null. A link appears whole and only where
 * nothing is, so nobody reads half a lock and one of two starts wins. A dead lock is removed only by whoever holds the
 * right to, which is a lock taken in the same way: else a slow start could remove what a quicker one has just put there.
 */
async function take(path: string, draft: string): Promise<Holder | null> {
  while (!(await linked(draft, path))) {
    const judged = await readHolder(path);
    if (judged === 'gone') continue;
    if (judged !== 'no lock' && (await isAlive(judged, path))) return judged;
    const clearing = `${path}.clearing`;
    if ((await take(clearing, draft)) === null) {
      if (isSame(await readHolder(path), judged)) await rm(path, { force: true });
      await rm(clearing, { force: true });
    } else {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return null;
}

type Found = Holder | 'gone' | 'no lock';

function isSame(found: Found, judged: Found): boolean {
  if (typeof found === 'string' || typeof judged === 'string') return found === judged;
  return found.id === judged.id;
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

async function readHolder(path: string): Promise<Found> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return 'no lock';
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

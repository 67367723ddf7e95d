import { randomBytes } from 'node:crypto';
import { chown, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const ConnectionFacts = z.object({ port: z.int().min(1).max(65_535), password: z.string().min(16) });

/** How to reach the embedded server: kept beside the cluster, readable by the owner of the data folder alone. */
export type ConnectionFacts = z.infer<typeof ConnectionFacts>;

export const SUPERUSER = 'tributary';
export const DATABASE = 'tributary';

export function connectionUrl({ port, password }: ConnectionFacts, database = DATABASE): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** The remembered facts; null when there are none, or when the file is damaged. */
export async function readConnectionFacts(dataDir: string): Promise<ConnectionFacts | null> {
  let text: string;
  try {
    text = await readFile(join(dataDir, 'postgres.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return ConnectionFacts.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Remembers them, whole or not at all. */
export async function writeConnectionFacts(dataDir: string, facts: ConnectionFacts): Promise<void> {
  const path = join(dataDir, 'postgres.json');
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(facts)}\n`, { mode: 0o600 });
  await giveToOwner(temporary, dataDir);
  await rename(temporary, path);
}

/** What root writes into somebody's data folder stays that somebody's, so that a start without root works again. */
export async function giveToOwner(path: string, dataDir: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dataDir);
  await chown(path, uid, gid);
}

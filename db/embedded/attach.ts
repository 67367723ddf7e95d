import { realpath } from 'node:fs/promises';
import { SetupError } from '../../core/errors.ts';
import { waitForAnswer } from './adopt.ts';
import { clusterFolder } from './cluster.ts';
import { connectionUrl, readConnectionFacts } from './connection-file.ts';
import { livePostmaster } from './postmaster.ts';

const PATIENCE_MS = 15_000;

/**
 * The URL of the server that somebody else runs on this data folder at this moment, or null. Takes nothing over and
 * holds nothing: a command uses it beside a running `tributary up`.
 */
export async function attachEmbedded(path: string): Promise<string | null> {
  try {
    const dataDir = await realpath(path);
    const clusterDir = clusterFolder(dataDir);
    const [remembered, postmaster] = [await readConnectionFacts(dataDir), await livePostmaster(clusterDir)];
    if (remembered === null || postmaster === null) return null;
    const facts = { ...remembered, port: postmaster.port };
    const state = await waitForAnswer(postmaster.pid, facts, clusterDir, PATIENCE_MS);
    return state === 'ready' ? connectionUrl(facts) : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new SetupError(
      `The database in ${path} belongs to another user. Run this command as the user who runs "tributary up".`,
      { cause: error },
    );
  }
}

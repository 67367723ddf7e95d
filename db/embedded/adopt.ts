import { SetupError } from '../../core/errors.ts';
import { clusterFolder } from './cluster.ts';
import { type ConnectionFacts, readConnectionFacts, writeConnectionFacts } from './connection-file.ts';
import { livePostmaster } from './postmaster.ts';
import { type Probe, probe } from './probe.ts';
import { lookUpProcess } from './process-table.ts';

export interface RunningServer {
  readonly pid: number;
  readonly facts: ConnectionFacts;
}

/** One that was left running may be in the middle of its recovery, or of going down. */
const PATIENCE_MS = 60_000;

/** The server that runs on this data folder although nobody holds the folder: one whose start was killed. */
export async function findOrphan(dataDir: string): Promise<RunningServer | null> {
  const clusterDir = clusterFolder(dataDir);
  const postmaster = await livePostmaster(clusterDir);
  if (postmaster === null) return null;
  const remembered = await readConnectionFacts(dataDir);
  const facts = remembered === null ? null : { ...remembered, port: postmaster.port };
  const state = facts === null ? 'not-ours' : await waitForAnswer(postmaster.pid, facts, clusterDir, PATIENCE_MS);
  if (facts !== null && state === 'ready') {
    if (facts.port !== remembered?.port) await writeConnectionFacts(dataDir, facts);
    return { pid: postmaster.pid, facts };
  }
  if ((await lookUpProcess(postmaster.pid)) === null) return null; // it was going down
  throw new SetupError(
    `A PostgreSQL that does not let us in already runs on ${clusterDir} (process ${postmaster.pid}, port ` +
      `${postmaster.port}). Stop it, for example with "kill -INT ${postmaster.pid}", and start again.`,
  );
}

/** Asks until the server answers one way or the other, the process ends or the time is over. */
export async function waitForAnswer(
  pid: number,
  facts: ConnectionFacts,
  clusterDir: string,
  patienceMs: number,
): Promise<Probe> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const state = await probe(facts, clusterDir);
    if (state === 'ready' || state === 'not-ours') return state;
    if (Date.now() >= deadline || (await lookUpProcess(pid)) === null) return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

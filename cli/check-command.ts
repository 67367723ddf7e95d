import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from '../core/errors.ts';
import { openDatabase } from '../db/client.ts';
import { startEmbedded } from '../db/embedded/launcher.ts';
import { migrate } from '../db/migrate.ts';
import type { CheckOptions, SeedReport } from './check/check-seed.ts';
import { type CheckReport, checkSeeds } from './check/check-seeds.ts';

/** What a crash of the machine would cost a database that is thrown away is nothing, so nothing is paid for safety. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
/** Six seeds at once, each with an account under way that holds a lock and saves. */
const CONNECTIONS = 20;
const MOST_SEEDS = 100_000;

export interface CheckWish extends Omit<CheckOptions, 'seed'> {
  readonly seeds: readonly number[];
  readonly databaseUrl?: string | undefined;
  readonly onSeed: (report: SeedReport) => void;
  readonly signal: AbortSignal;
}

/** Checks seeds in the database that is given, else in one of its own that nothing is left of. */
export async function checkInDatabase({
  seeds,
  databaseUrl,
  onSeed,
  signal,
  ...options
}: CheckWish): Promise<CheckReport> {
  const place = databaseUrl ? { url: databaseUrl, stop: async () => {} } : await passingDatabase();
  try {
    await migrate(place.url);
    const db = openDatabase(place.url, { max: CONNECTIONS });
    try {
      return await Promise.race([checkSeeds(db, seeds, options, onSeed), stopped(signal)]);
    } finally {
      await db.close();
    }
  } finally {
    await place.stop();
  }
}

async function passingDatabase() {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-check-'));
  await chmod(dataDir, 0o755); // as root the server runs as another user, who must get in
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await startEmbedded({ dataDir, settings: FAST });
    return { url: server.url, stop: () => server.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Reads `7`, `7,12,40`, `1..1000`, and any of them with commas between. */
export function seedsIn(text: string): number[] {
  const seeds = text.split(',').flatMap((part) => {
    const [, first = '', last = first] = /^\s*(\d{1,9})(?:\.\.(\d{1,9}))?\s*$/.exec(part) ?? [];
    const [from, until] = [Number(first), Number(last)];
    if (first === '' || until < from || until - from >= MOST_SEEDS) {
      throw new SetupError(
        `"${part}" is no seed and no range of at most ${MOST_SEEDS} seeds. Write 7, or 7,12, or 1..1000.`,
      );
    }
    return Array.from({ length: until - from + 1 }, (_, at) => from + at);
  });
  return [...new Set(seeds)];
}

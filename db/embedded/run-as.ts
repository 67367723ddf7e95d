import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

/** The overflow user, `nobody` on most machines: any number but 0 would do, as PostgreSQL asks only whether it is that. */
const NAMESPACE = ['--user', '--map-user=65534', '--map-group=65534', '--'];
/** Of unshare, when it is let make the namespace and not let execute the program. */
const MAY_NOT_EXECUTE = 126;

/**
 * Starts a PostgreSQL program. From `/`, because another user may be unable to stand in our working folder; with an
 * environment of our own, so that neither our secrets nor a stray PGDATA or PGPORT reach it. The process is the
 * program's own: `unshare` becomes the program it is given, so its number is the one to signal.
 */
export function spawnAs(
  user: ServerUser | null,
  program: string,
  args: readonly string[],
  more: SpawnOptions,
): ChildProcess {
  const options: SpawnOptions = {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    windowsHide: true,
    ...more,
  };
  if (user === null) return spawn(program, args, options);
  if (user.inNamespace) return spawn('unshare', [...NAMESPACE, program, ...args], options);
  return spawn(program, args, { ...options, uid: user.uid, gid: user.gid });
}

export interface Outcome {
  readonly ok: boolean;
  /** What the program wrote, both streams together. */
  readonly output: string;
  /** Present when it could not even be started, for example `EACCES`. */
  readonly spawnCode?: string;
}

/** Runs one program to its end. Never throws and never leaves an `error` event unheard, which would end the process. */
export function runAs(user: ServerUser | null, program: string, args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = '';
    const hear = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({ ok: false, output: output || error.message, spawnCode: error.code ?? 'unknown' });
    let child: ChildProcess;
    try {
      child = spawnAs(user, program, args, { stdio: 'pipe' });
    } catch (error) {
      failed(error as NodeJS.ErrnoException); // some refusals, such as a bad user id, are thrown at once
      return;
    }
    child.once('error', failed);
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.stdin?.on('error', () => {}); // it may end without reading
    child.stdin?.end(input);
    child.once('close', (code) => {
      const closed = user?.inNamespace && code === MAY_NOT_EXECUTE;
      resolve({ ok: code === 0, output, ...(closed ? { spawnCode: 'EACCES' } : {}) });
    });
  });
}

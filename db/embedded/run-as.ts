import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

/**
 * How every PostgreSQL program is started. From `/`, because another user may be unable to stand in our working folder;
 * with an environment of our own, so that neither our secrets nor a stray PGDATA or PGPORT reach it.
 */
export function spawnOptions(user: ServerUser | null): SpawnOptions {
  return {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    windowsHide: true,
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  };
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
      child = spawn(program, args, { ...spawnOptions(user), stdio: 'pipe' });
    } catch (error) {
      failed(error as NodeJS.ErrnoException); // some refusals, such as a bad user id, are thrown at once
      return;
    }
    child.once('error', failed);
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.stdin?.on('error', () => {}); // it may end without reading
    child.stdin?.end(input);
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

import { SetupError } from '../../core/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that',
  EPERM: 'this user may not do that',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota of this user is used up',
  ENOTDIR: 'a file stands where a folder should be',
  EEXIST: 'a file stands where a folder should be',
};

/** Turns what the file system refuses into a sentence with the next step; any other error stays as it is. */
export function fileTrouble(error: unknown, dataDir: string): unknown {
  const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = code === undefined || syscall === undefined ? undefined : REASONS[code];
  if (reason === undefined) return error;
  return new SetupError(
    `The data folder ${dataDir} cannot be used: ${syscall} ${path ?? dataDir} failed, ${reason}. ` +
      'Put that right, or choose another folder with --data (TRIBUTARY_DATA).',
    { cause: error },
  );
}

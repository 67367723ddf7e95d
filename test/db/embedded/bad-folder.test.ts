import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { SetupError } from '../../../core/errors.ts';
import { attachEmbedded } from '../../../db/embedded/attach.ts';
import { fileTrouble } from '../../../db/embedded/file-trouble.ts';
import { startEmbedded } from '../../../db/embedded/launcher.ts';
import { temporaryFolder } from '../../support/embedded.ts';

it.each([
  ['EACCES', 'this user may not do that'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['ENOTDIR', 'a file stands where a folder should be'],
])('fileTrouble: %s becomes a sentence', (code, reason) => {
  const error = Object.assign(new Error(code), { code, syscall: 'open', path: '/data/postgres.json' });
  const told = fileTrouble(error, '/data');
  expect(told).toBeInstanceOf(SetupError);
  expect(String(told)).toContain(`open /data/postgres.json failed, ${reason}`);
  expect(String(told)).toContain('--data (TRIBUTARY_DATA)');
});

it('fileTrouble: what the file system did not say stays as it is', () => {
  const error = new TypeError('ours');
  expect(fileTrouble(error, '/data')).toBe(error);
});

it('a file where the data folder should be is refused in a sentence', async () => {
  const dataDir = join(await temporaryFolder(), 'data');
  await writeFile(dataDir, 'a note');
  const start = startEmbedded({ dataDir });
  await expect(start).rejects.toThrow(SetupError);
  await expect(start).rejects.toThrow(/a file stands where a folder should be.*--data/s);
  expect(await attachEmbedded(dataDir)).toBeNull();
});

it('attaching to a folder that is not there, or has no server, finds nothing and makes nothing', async () => {
  const folder = await temporaryFolder();
  expect(await attachEmbedded(join(folder, 'data'))).toBeNull();
  await mkdir(join(folder, 'data'));
  expect(await attachEmbedded(join(folder, 'data'))).toBeNull();
  expect(await readdir(join(folder, 'data'))).toEqual([]);
});

it('a disk that is nearly full is refused before a cluster is made', async ({ skip }) => {
  const folder = join(await temporaryFolder(), 'data');
  await mkdir(folder);
  const run = promisify(execFile);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=60m,mode=755', 'tmpfs', folder]).catch(() => null);
  if (mounted === null) skip('needs the right to mount a small disk');
  onTestFinished(async () => void (await run('umount', [folder])));
  await expect(startEmbedded({ dataDir: folder })).rejects.toThrow(/has \d\d MB left.*needs \d+ MB.*--data/s);
  expect(await readdir(folder)).toEqual(['postgres.json']);
});

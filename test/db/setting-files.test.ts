import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { SetupError } from '../../core/errors.ts';
import { withSettingFiles } from '../../db/setting-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'database-url');
writeFileSync(file, 'postgres://tributary:secret@db/tributary\n');

it('reads a setting from the file that stands for it, without the end of its line', () => {
  expect(withSettingFiles({ PORT: '1', DATABASE_URL_FILE: file })).toMatchObject({
    PORT: '1',
    DATABASE_URL: 'postgres://tributary:secret@db/tributary',
  });
});

it('leaves everything else as it is', () => {
  const env = { DATABASE_URL: 'postgres://db/tributary', REDIS_URL_FILE: '', TRIBUTARY_MASTER_KEY_FILE: '/nowhere' };
  expect(withSettingFiles(env)).toEqual(env);
});

it('says all that is wrong at once, and nothing of what is secret', () => {
  const read = () =>
    withSettingFiles({ DATABASE_URL: 'postgres://db/', DATABASE_URL_FILE: file, REDIS_URL_FILE: join(folder, 'none') });
  expect(read).toThrow(SetupError);
  expect(read).toThrow(/DATABASE_URL and DATABASE_URL_FILE are both set.*REDIS_URL_FILE names .*none.*ENOENT/s);
  expect(read).not.toThrow(/secret@/);
});

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createTestDatabase } from './support/postgres.ts';

const database = await createTestDatabase();
afterAll(() => database.drop());

it('db/schema.ts is what `npm run schema` makes of the migrated database', () => {
  const verify = () =>
    execFileSync('npm', ['run', '--silent', 'schema', '--', '--verify', '--url', database.url], {
      cwd: resolve(import.meta.dirname, '..'),
      encoding: 'utf8',
      stdio: 'pipe',
    });
  expect(verify).not.toThrow();
});

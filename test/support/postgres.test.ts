import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { createTestDatabase } from './postgres.ts';

const databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
afterAll(() => Promise.all(databases.map((database) => database.drop())));

it('gives every caller a migrated database of its own', async () => {
  const [one, other] = await Promise.all(
    databases.map(({ url }) =>
      ask(url, `create table mine(); select to_regclass('accounts') as accounts, current_database() as name`),
    ),
  );
  expect(one).toMatchObject({ accounts: 'accounts' });
  expect(one?.name).not.toBe(other?.name);
});

it('drops a database although somebody is still connected', async () => {
  const spare = await createTestDatabase();
  const client = new pg.Client({ connectionString: spare.url });
  client.on('error', () => {});
  await client.connect();
  await spare.drop();
  await expect(ask(spare.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
});

async function ask(url: string, statement: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const answer: unknown = await client.query(statement);
    const last = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<Record<string, unknown>>;
    return last.rows[0];
  } finally {
    await client.end();
  }
}

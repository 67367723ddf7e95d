import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createApiToken, findApiToken, revokeApiToken } from '../../../db/queries/api-tokens.ts';
import { useDatabase } from '../../support/ledger.ts';

const held = useDatabase();

it('finds a token by what its owner holds, of which the database keeps only the hash', async () => {
  const { id, token } = await createApiToken(held.db, 'Night export', ['read', 'sync']);
  expect(token).toMatch(/^trib_[\w-]{43}$/);
  expect(await findApiToken(held.db, token)).toMatchObject({ id, name: 'Night export', scopes: ['read', 'sync'] });
  const { rows } = await held.db.pool.query('select token_sha256, t::text as row from api_tokens t where id = $1', [
    id,
  ]);
  expect(rows[0].token_sha256).toEqual(createHash('sha256').update(token).digest());
  expect(rows[0].row).not.toContain(token);
});

it.each(['', 'trib_', `trib_${'A'.repeat(43)}`, "' or true --"])('does not find "%s"', async (token) => {
  await createApiToken(held.db, 'Any', []);
  expect(await findApiToken(held.db, token)).toBeNull();
});

it('notes its use, at most once a minute', async () => {
  const { id, token } = await createApiToken(held.db, 'Busy', []);
  expect((await findApiToken(held.db, token))?.lastUsedAt).toBeNull();
  const used = (await findApiToken(held.db, token))?.lastUsedAt;
  expect(used).toBeInstanceOf(Date);
  expect((await findApiToken(held.db, token))?.lastUsedAt).toEqual(used);
  await held.db.pool.query(`update api_tokens set last_used_at = now() - interval '2 minutes' where id = $1`, [id]);
  await findApiToken(held.db, token);
  expect((await findApiToken(held.db, token))?.lastUsedAt?.getTime()).toBeGreaterThanOrEqual(
    used?.getTime() ?? Infinity,
  );
});

it('finds it no more once it is revoked', async () => {
  const { id, token } = await createApiToken(held.db, 'Lost', []);
  expect(await revokeApiToken(held.db, id)).toBe(true);
  expect(await findApiToken(held.db, token)).toBeNull();
  expect(await revokeApiToken(held.db, id)).toBe(false);
});

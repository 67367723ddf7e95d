import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../client.ts';

interface ApiToken {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

/** Makes a token. This is the only time that it can be seen: the database keeps its SHA-256 alone. */
export async function createApiToken(
  { kysely }: Database,
  name: string,
  scopes: readonly string[],
): Promise<{ id: number; token: string }> {
  const token = `trib_${randomBytes(32).toString('base64url')}`;
  const { id } = await kysely
    .insertInto('api_tokens')
    .values({ name, scopes: [...scopes], token_sha256: sha256(token) })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, token };
}

/** The token that a request shows, and notes its use. Null where it is unknown or revoked. */
export async function findApiToken(db: Database, token: string): Promise<ApiToken | null> {
  const found = await db.kysely
    .selectFrom('api_tokens')
    .select(['id', 'name', 'scopes', 'created_at', 'last_used_at'])
    .where('token_sha256', '=', sha256(token))
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (!found) return null;
  await noteUse(db, found.id);
  return {
    id: found.id,
    name: found.name,
    scopes: found.scopes,
    createdAt: found.created_at,
    lastUsedAt: found.last_used_at,
  };
}

/** Takes effect with the next request. False where there is no such token, or none any more. */
export async function revokeApiToken({ kysely }: Database, id: number): Promise<boolean> {
  const { numUpdatedRows } = await kysely
    .updateTable('api_tokens')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** At most once a minute, so that a busy client does not turn every read into a write. */
async function noteUse({ kysely }: Database, id: number): Promise<void> {
  await kysely
    .updateTable('api_tokens')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', id)
    .where((where) =>
      where.or([where('last_used_at', 'is', null), where('last_used_at', '<', sql<Date>`now() - interval '1 minute'`)]),
    )
    .execute();
}

/** A plain hash is enough: 256 random bits cannot be guessed, and so need no slow one. */
function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

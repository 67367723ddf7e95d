import type { Database } from './client.ts';
import type { HashedConversion } from './conversion-columns.ts';

/** One question carries this many keys: larger ones gain nothing, smaller ones cost round trips. */
const KEYS_PER_QUESTION = 10_000;

const QUESTION = `
select asked.position::integer as position
from unnest($2::text[], $3::uuid[]) with ordinality as asked (id, hash, position)
left join lateral (
  select * from conversions c where c.account_id = $1 and c.network_transaction_id = asked.id offset 0
) c on true
where c.content_hash is distinct from asked.hash or c.presence <> 'present'`;

/**
 * Asks first: which of these rows does Postgres not know, or know differently? Most re-read rows are unchanged, and an
 * unchanged row must cost neither a write nor a lock. Each key is looked up by itself (`offset 0` keeps the planner to it): a
 * join may read the whole account for each page. Sent unnamed on purpose: a named statement would keep the plan that
 * it made while the table was empty, and read the whole account for each key.
 */
export async function withNews(
  { pool }: Database,
  accountId: number,
  rows: readonly HashedConversion[],
): Promise<HashedConversion[]> {
  const news: HashedConversion[] = [];
  for (let from = 0; from < rows.length; from += KEYS_PER_QUESTION) {
    const asked = rows.slice(from, from + KEYS_PER_QUESTION);
    const answer = await pool.query<{ position: number }>(QUESTION, [
      accountId,
      textArray(asked.map(({ row }) => row.networkTransactionId)),
      `{${asked.map(({ hash }) => hash).join(',')}}`,
    ]);
    for (const { position } of answer.rows) {
      const found = asked[position - 1];
      if (found) news.push(found);
    }
  }
  return news;
}

/** A Postgres array literal; pg's own encoding of long text arrays costs several times as much. NUL is left out, as in COPY. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((value) => `"${AWKWARD.test(value) ? value.replaceAll('\0', '').replace(/["\\]/g, '\\$&') : value}"`).join(',')}}`;
}

const AWKWARD = /["\\\0]/;

import type pg from 'pg';
import { REGULAR_MOVES } from '../core/conversion.ts';
import { FOLLOWED, FOLLOWED_NAMES } from './conversion-columns.ts';

/** Whose rows these are and which run saw them. */
export interface Observation {
  readonly accountId: number;
  readonly runId: number;
  readonly observedAt: Date;
}

export interface Applied {
  readonly created: number;
  readonly changed: number;
}

const list = (prefix = '') => FOLLOWED_NAMES.map((name) => `${prefix}${name}`).join(', ');
const moves = REGULAR_MOVES.map(([from, to]) => `('${from}','${to}')`).join(', ');

/** A page with its raw rows fits, or it would go through the disk twice. */
const STAGING_MEMORY = "set temp_buffers = '32MB'";

/** Staged rows of this session; emptied at every commit. */
const STAGING = `create temp table if not exists staged (
  network_transaction_id text not null,
  ${FOLLOWED.map(([name, type]) => `${name} ${type}`).join(', ')},
  raw jsonb
) on commit delete rows`;

/**
 * One statement carries a page from the staging table into the conversions, the ledger and the roll-ups. All its parts
 * read the same snapshot, so `before` is the state that the roll-ups must give up. PostgreSQL 15 can do all of it.
 *
 * - An older word of the network (by its own change time) never overwrites a newer one.
 * - A settlement turns `pending` and `approved` into `paid`; the hash stays that of the reported row, so re-reading it stays free.
 * - Rows are looked up one by one by their key (`offset 0` keeps the planner to it): a join would read the whole account for
 *   each page. `before` is counted so that it is read before the first insert, not around the new rows.
 * - Roll-ups move by difference; rows in key order, so that two accounts can never wait for each other in a circle.
 */
const APPLY = `
with before as materialized (
  select c.id, c.network_transaction_id, c.status, c.day, c.program_id, c.currency, c.sale_amount,
         c.commission_amount, c.presence
  from staged s
  cross join lateral (
    select * from conversions c where c.account_id = $1 and c.network_transaction_id = s.network_transaction_id offset 0
  ) c
), upserted as (
  insert into conversions as c (account_id, network_transaction_id, ${list()}, day, version, first_seen_at, changed_at, raw)
  select $1, s.network_transaction_id,
         ${FOLLOWED_NAMES.map(settledColumn).join(', ')},
         (s.occurred_at at time zone a.time_zone)::date, 1, $3, $3, s.raw
  from staged s
  join accounts a on a.id = $1
  left join lateral (
    select * from settlements p where p.account_id = $1 and p.network_transaction_id = s.network_transaction_id offset 0
  ) p on true
  where (select count(*) from before) >= 0
  on conflict (account_id, network_transaction_id) do update set
    ${FOLLOWED_NAMES.map((name) => `${name} = excluded.${name}`).join(', ')},
    day = excluded.day, version = c.version + 1, changed_at = excluded.changed_at, raw = coalesce(excluded.raw, c.raw)
    where c.network_updated_at is null or excluded.network_updated_at is null
       or excluded.network_updated_at >= c.network_updated_at
  returning c.id, c.network_transaction_id, c.version, c.day, ${list('c.')}
), lines as (
  insert into ledger (account_id, conversion_id, version, observed_at, run_id, event, irregular, ${list()})
  select $1, u.id, u.version, $3, $2,
         case when b.id is null then 'first seen'
              when u.presence <> 'present' then u.presence
              when b.presence <> 'present' then 'returned'
              else 'changed' end,
         b.id is not null and b.status <> u.status and (b.status, u.status) not in (${moves}),
         ${list('u.')}
  from upserted u left join before b using (network_transaction_id)
), moved as (
  select day, coalesce(program_id, '') as program_id, currency, status, sale_amount, commission_amount, 1 as sign
  from upserted where presence <> 'replaced'
  union all
  select b.day, coalesce(b.program_id, ''), b.currency, b.status, b.sale_amount, b.commission_amount, -1
  from before b join upserted u using (network_transaction_id) where b.presence <> 'replaced'
), difference as (
  select day, program_id, currency, status, sum(sign)::integer as conversions, sum(sign * sale_amount) as sale_amount,
         sum(sign * greatest(commission_amount, 0)) as gross, sum(sign * least(commission_amount, 0)) as corrections
  from moved group by day, program_id, currency, status
), rolled as (
  insert into daily_totals as t (account_id, day, program_id, currency, status, conversions, sale_amount, gross, corrections)
  select $1, day, program_id, currency, status, conversions, sale_amount, gross, corrections from difference
  where conversions <> 0 or sale_amount <> 0 or gross <> 0 or corrections <> 0
  order by day, program_id, currency, status
  on conflict (account_id, day, program_id, currency, status) do update set
    conversions = t.conversions + excluded.conversions, sale_amount = t.sale_amount + excluded.sale_amount,
    gross = t.gross + excluded.gross, corrections = t.corrections + excluded.corrections
)
select count(*) filter (where version = 1) as created, count(*) filter (where version > 1) as changed from upserted`;

/** Where a settlement is known, it has the last word on what is still open, and tells which payment and when. */
function settledColumn(name: string): string {
  if (name === 'status') {
    return `case when p.payment_ref is not null and s.status in ('pending', 'approved') then 'paid' else s.status end`;
  }
  if (name === 'payment_ref' || name === 'paid_at') return `coalesce(s.${name}, p.${name})`;
  return `s.${name}`;
}

/** On a new install the planner takes the tables for empty and would read all of them for every row of the page. */
const ALWAYS_BY_KEY = 'set local enable_seqscan = off; set local jit = off'; // PostgreSQL 15 would compile what it takes for dear

const prepared = new WeakSet<object>();

/** Makes the staging table of this connection; once for as long as the connection lives. */
export async function prepareStaging(client: pg.PoolClient): Promise<void> {
  if (prepared.has(client)) return;
  await client.query(STAGING_MEMORY);
  await client.query(STAGING);
  prepared.add(client);
}

export const STAGED_COLUMNS = `network_transaction_id, ${list()}, raw`;

/** Applies what has been staged in this transaction. Each id may be staged once. */
export async function applyStaged(client: pg.PoolClient, seen: Observation): Promise<Applied> {
  await client.query(ALWAYS_BY_KEY);
  const { rows } = await client.query<Applied>(APPLY, [seen.accountId, seen.runId, seen.observedAt]);
  return rows[0] ?? { created: 0, changed: 0 };
}

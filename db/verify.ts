import { type Database, inTransaction } from './client.ts';
import { FOLLOWED_NAMES } from './conversion-columns.ts';

/** One place where what we keep is not what the ledger says. */
export interface Difference {
  readonly what: 'conversion' | 'daily total' | 'ledger';
  readonly accountId: number;
  readonly where: string;
  readonly kept: string | null;
  readonly ledger: string | null;
}

const MOST = 1_000;

/**
 * Recomputes everything from the ledger and reports each difference: the current rows are its last versions, versions have
 * no gaps, and the roll-ups are the sums of the rows that count. Reads one snapshot; at most 1,000 differences of a kind.
 */
export async function verify({ pool }: Database, accountId?: number): Promise<Difference[]> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const found: Difference[] = [];
    for (const question of [CURRENT_ROWS, VERSIONS, TOTALS]) {
      const { rows } = await client.query<Difference>(`${question} limit ${MOST}`, [accountId ?? null]);
      found.push(...rows);
    }
    await client.query('commit');
    return found;
  } finally {
    client.release();
  }
}

const tuple = (alias: string) => `row(${FOLLOWED_NAMES.map((name) => `${alias}.${name}`).join(', ')})`;

const LAST_VERSIONS = `
  select distinct on (account_id, conversion_id) * from ledger
  where $1::integer is null or account_id = $1 order by account_id, conversion_id, version desc`;

const CURRENT_ROWS = `
with last as (${LAST_VERSIONS})
select 'conversion' as what, coalesce(c.account_id, l.account_id) as "accountId",
       coalesce(c.network_transaction_id, 'row ' || l.conversion_id) as "where",
       case when c.id is not null then c.version || ' ' || ${tuple('c')}::text end as kept,
       case when l.conversion_id is not null then l.version || ' ' || ${tuple('l')}::text end as ledger
from (select * from conversions where $1::integer is null or account_id = $1) c
full join last l on l.account_id = c.account_id and l.conversion_id = c.id
where c.id is null or l.conversion_id is null or c.version <> l.version or ${tuple('c')} is distinct from ${tuple('l')}`;

const VERSIONS = `
select 'ledger' as what, account_id as "accountId", 'row ' || conversion_id as "where", count(*)::text as kept, max(version)::text as ledger
from ledger where $1::integer is null or account_id = $1
group by account_id, conversion_id having count(*) <> max(version) or min(version) <> 1`;

const TOTALS = `
with last as (${LAST_VERSIONS}), expected as (
  select l.account_id, (l.occurred_at at time zone a.time_zone)::date as day, coalesce(l.program_id, '') as program_id,
         l.currency, l.status, count(*) as conversions, sum(l.sale_amount) as sale_amount,
         sum(greatest(l.commission_amount, 0)) as gross, sum(least(l.commission_amount, 0)) as corrections
  from last l join accounts a on a.id = l.account_id
  where l.presence <> 'replaced' group by 1, 2, 3, 4, 5
), kept as (
  select * from daily_totals where ($1::integer is null or account_id = $1)
    and (conversions, sale_amount, gross, corrections) is distinct from (0, 0, 0, 0)
)
select 'daily total' as what, coalesce(k.account_id, e.account_id) as "accountId",
       concat_ws(' ', coalesce(k.day, e.day), coalesce(k.program_id, e.program_id), coalesce(k.currency, e.currency), coalesce(k.status, e.status)) as "where",
       case when k.account_id is not null then concat_ws(' ', k.conversions, k.sale_amount, k.gross, k.corrections) end as kept,
       case when e.account_id is not null then concat_ws(' ', e.conversions, e.sale_amount, e.gross, e.corrections) end as ledger
from kept k full join expected e on (e.account_id, e.day, e.program_id, e.currency, e.status)
  = (k.account_id, k.day, k.program_id, k.currency, k.status)
where (k.conversions, k.sale_amount, k.gross, k.corrections) is distinct from (e.conversions, e.sale_amount, e.gross, e.corrections)`;

/**
 * Makes the roll-ups of an account anew from its rows, after `verify` found a difference or to count its days in another
 * time zone. Runs that are saving wait for it.
 */
export async function rebuildTotals(db: Database, accountId: number, timeZone?: string): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query('update accounts set time_zone = coalesce($2, time_zone) where id = $1', [accountId, timeZone]);
    for (const statement of REBUILD) await client.query(statement, [accountId]);
  });
}

const REBUILD = [
  `update conversions c set day = (c.occurred_at at time zone a.time_zone)::date from accounts a
   where c.account_id = $1 and a.id = $1 and c.day <> (c.occurred_at at time zone a.time_zone)::date`,
  'delete from daily_totals where account_id = $1',
  `insert into daily_totals (account_id, day, program_id, currency, status, conversions, sale_amount, gross, corrections)
   select account_id, day, coalesce(program_id, ''), currency, status, count(*), sum(sale_amount),
          sum(greatest(commission_amount, 0)), sum(least(commission_amount, 0))
   from conversions where account_id = $1 and presence <> 'replaced' group by 1, 2, 3, 4, 5`,
];

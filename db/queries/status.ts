import type { Decimal } from '../../core/money.ts';
import { decimal } from '../../core/money.ts';
import type { Database } from '../client.ts';
import type { Checkpoint } from './checkpoints.ts';

/** The money of one account in one currency, by the sign rule: `net = pending + approved + paid + corrections`. */
export interface MoneyLine {
  readonly accountId: number;
  readonly currency: string;
  readonly conversions: number;
  readonly pending: Decimal;
  readonly approved: Decimal;
  readonly paid: Decimal;
  /** Positive amounts that were taken back: they count nothing in `net`. */
  readonly reversed: Decimal;
  /** Rows with a negative amount, added with their sign whatever their status. */
  readonly corrections: Decimal;
  readonly net: Decimal;
}

const AMOUNTS = ['pending', 'approved', 'paid', 'reversed', 'corrections', 'net'] as const;

/** What each account that has not been removed has earned, by currency, from the roll-ups. */
export async function moneyByAccount({ pool }: Database): Promise<MoneyLine[]> {
  const ofStatus = (status: string) => `coalesce(sum(gross) filter (where status = '${status}'), 0)::numeric(20,6)`;
  const { rows } = await pool.query<MoneyLine>(
    `select t.account_id as "accountId", t.currency, sum(t.conversions)::integer as conversions,
       ${['pending', 'approved', 'paid', 'reversed'].map((status) => `${ofStatus(status)} as ${status}`).join(', ')},
       sum(corrections)::numeric(20,6) as corrections,
       (coalesce(sum(gross) filter (where status <> 'reversed'), 0) + sum(corrections))::numeric(20,6) as net
     from daily_totals t join accounts a on a.id = t.account_id
     where a.removed_at is null
     group by 1, 2 having sum(t.conversions) > 0 order by 1, 2`,
  );
  return rows.map((row) => ({ ...row, ...Object.fromEntries(AMOUNTS.map((name) => [name, decimal(row[name])])) }));
}

/** How far a pass of an account has read, what it can no longer read, and whether its schedule is switched off. */
export interface PassProgress extends Checkpoint {
  readonly accountId: number;
  readonly gapStart: Date | null;
  readonly gapEnd: Date | null;
  /** Calls that its back-fill has taken so far. */
  readonly backfillCalls: number;
}

/** The checkpoints of all accounts, or of one, by account and pass. */
export async function passProgress({ pool }: Database, accountId?: number): Promise<PassProgress[]> {
  const { rows } = await pool.query<PassProgress>(
    `select c.account_id as "accountId", c.pass, c.complete_until as "completeUntil", c.window_start as "resumeFrom",
       c.history_reached as "historyReached", c.history_goal as "historyGoal", c.last_done_at as "lastDoneAt", c.failures,
       c.gap_start as "gapStart", c.gap_end as "gapEnd",
       case when c.history_reached > c.history_goal then (
         select coalesce(sum(r.calls), 0) from runs r
         where r.account_id = c.account_id and r.pass = c.pass and r.kind = 'back-fill'
       ) else 0 end::integer as "backfillCalls"
     from checkpoints c join accounts a on a.id = c.account_id
     where a.removed_at is null and ($1::integer is null or c.account_id = $1)
     order by c.account_id, c.pass`,
    [accountId ?? null],
  );
  return rows;
}

/** Passes whose schedule the owner has switched off. */
export async function disabledPasses({ kysely }: Database): Promise<{ accountId: number; pass: string }[]> {
  return kysely
    .selectFrom('schedules')
    .select(['account_id as accountId', 'pass'])
    .where('enabled', '=', false)
    .execute();
}

export interface Rhythm {
  readonly accountId: number;
  readonly lastConversionAt: Date;
  /** Mean time between the newest moments at which conversions happened; null with fewer than two. */
  readonly usualGapMs: number | null;
}

/** How often conversions of each account usually happen, by its newest hundred moments. */
export async function rhythms({ pool }: Database): Promise<Rhythm[]> {
  const { rows } = await pool.query<{ accountId: number; first: Date; last: Date; moments: number }>(
    `select a.id as "accountId", min(m.occurred_at) as first, max(m.occurred_at) as last, count(*) as moments
     from accounts a cross join lateral (
       select distinct occurred_at from conversions c
       where c.account_id = a.id and c.presence <> 'replaced' order by occurred_at desc limit 100
     ) m where a.removed_at is null group by 1`,
  );
  return rows.map(({ accountId, first, last, moments }) => ({
    accountId,
    lastConversionAt: last,
    usualGapMs: moments < 2 ? null : (last.getTime() - first.getTime()) / (moments - 1),
  }));
}

export interface SetAsideCount {
  readonly accountId: number;
  readonly rows: number;
  /** Why the newest of them could not be read. */
  readonly reason: string;
}

/** Rows that still wait to be read, by account. */
export async function setAsideCounts({ pool }: Database): Promise<SetAsideCount[]> {
  const { rows } = await pool.query<SetAsideCount>(
    `select s.account_id as "accountId", count(*) as rows, (array_agg(s.reason order by s.last_seen_at desc))[1] as reason
     from set_aside s join accounts a on a.id = s.account_id
     where s.resolved_at is null and a.removed_at is null group by 1`,
  );
  return rows;
}

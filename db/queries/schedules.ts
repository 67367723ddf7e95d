import { sql } from 'kysely';
import type { Database } from '../client.ts';

interface ScheduleRow {
  readonly accountId: number;
  readonly pass: string;
  readonly cron: string;
  readonly timeZone: string;
}

/** A schedule that should run, and when its pass last did. */
export interface EnabledSchedule extends ScheduleRow {
  readonly lastDoneAt: Date | null;
  /** Of the newest live run, however it ended. */
  readonly lastStartedAt: Date | null;
}

/** Adds the schedules that an account lacks. What is there stays: its owner may have chosen another time. */
export async function ensureSchedules(
  { kysely }: Database,
  accountId: number,
  rows: readonly Omit<ScheduleRow, 'accountId'>[],
): Promise<void> {
  if (rows.length === 0) return;
  await kysely
    .insertInto('schedules')
    .values(rows.map(({ pass, cron, timeZone }) => ({ account_id: accountId, pass, cron, time_zone: timeZone })))
    .onConflict((on) => on.columns(['account_id', 'pass']).doNothing())
    .execute();
}

/** What should be running: schedules that are switched on, of active accounts. */
export async function enabledSchedules({ kysely }: Database): Promise<EnabledSchedule[]> {
  return kysely
    .selectFrom('schedules as s')
    .innerJoin('accounts as a', 'a.id', 's.account_id')
    .leftJoin('checkpoints as c', (join) =>
      join.onRef('c.account_id', '=', 's.account_id').onRef('c.pass', '=', 's.pass'),
    )
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('runs')
          .select('started_at')
          .whereRef('runs.account_id', '=', 's.account_id')
          .whereRef('runs.pass', '=', 's.pass')
          .where('runs.kind', '=', 'live')
          .orderBy('runs.id', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .select(['s.account_id as accountId', 's.pass', 's.cron', 's.time_zone as timeZone'])
    .select(['c.last_done_at as lastDoneAt', 'newest.started_at as lastStartedAt'])
    .where('s.enabled', '=', true)
    .where('a.state', '=', 'active')
    .where('a.removed_at', 'is', null)
    .orderBy('s.account_id')
    .orderBy('s.pass')
    .execute();
}

/** Passes of active accounts whose history has not been read to its goal. */
export async function openBackFills({ kysely }: Database): Promise<{ accountId: number; pass: string }[]> {
  return kysely
    .selectFrom('checkpoints as c')
    .innerJoin('accounts as a', 'a.id', 'c.account_id')
    .select(['c.account_id as accountId', 'c.pass'])
    .where('a.state', '=', 'active')
    .where('a.removed_at', 'is', null)
    .where('c.history_goal', 'is not', null)
    .where(sql<boolean>`c.history_reached is null or c.history_reached > c.history_goal`)
    .orderBy('c.account_id')
    .orderBy('c.pass')
    .execute();
}

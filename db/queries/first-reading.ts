import type { Database } from '../client.ts';

export interface FirstReading {
  readonly conversions: number;
  /** Passes that have never come to an end, and histories that have not been read to their goal. */
  readonly unread: number;
}

/** How far the first reading of everything has come. */
export async function firstReading({ pool }: Database): Promise<FirstReading> {
  const { rows } = await pool.query<FirstReading>(
    `select (select count(*) from conversions) as conversions,
       (select count(*) from schedules s join accounts a on a.id = s.account_id and a.state = 'active'
        left join checkpoints c using (account_id, pass)
        where c.last_done_at is null or c.history_reached > c.history_goal) as unread`,
  );
  return rows[0] ?? { conversions: 0, unread: 0 };
}

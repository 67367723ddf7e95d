import type { Database } from '../client.ts';

export interface AccountCounts {
  readonly total: number;
  readonly active: number;
  readonly paused: number;
  /** Active or paused, with something wrong. */
  readonly troubled: number;
}

/** How many accounts there are and how many have something wrong. */
export async function accountHealth({ pool }: Database): Promise<AccountCounts> {
  const { rows } = await pool.query<AccountCounts>(
    `select count(*) as total, count(*) filter (where state = 'active') as active,
       count(*) filter (where state = 'paused') as paused, count(*) filter (where trouble_code is not null) as troubled
     from accounts where removed_at is null`,
  );
  return rows[0] ?? { total: 0, active: 0, paused: 0, troubled: 0 };
}

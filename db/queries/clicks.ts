import { textArray } from '../ask.ts';
import { type Database, inTransaction } from '../client.ts';
import { holdFence, type RunHandle } from '../fence.ts';

export interface ClickRow {
  readonly day: string;
  readonly programId: string | null;
  readonly subId: string | null;
  readonly clicks: number;
}

/**
 * Replaces the clicks of whole days by what a network says of them now; a day without a row has no clicks. Days whose
 * counts are what we hold are not written. Rows of the same day, program and sub-id are added up.
 */
export async function saveClicks(
  db: Database,
  run: RunHandle,
  days: readonly string[],
  rows: readonly ClickRow[],
): Promise<void> {
  await inTransaction(db, async (client) => {
    await holdFence(client, run);
    await client.query(
      `with said as (
         select day, program_id, sub_id, sum(clicks)::integer as clicks
         from unnest($3::date[], $4::text[], $5::text[], $6::integer[]) as s (day, program_id, sub_id, clicks)
         where clicks > 0 group by 1, 2, 3
       ), gone as (
         delete from clicks_daily c where c.account_id = $1 and c.day = any($2::date[]) and not exists (
           select 1 from said s where (s.day, s.program_id, s.sub_id) = (c.day, c.program_id, c.sub_id))
       )
       insert into clicks_daily as c (account_id, day, program_id, sub_id, clicks)
       select $1, s.day, s.program_id, s.sub_id, s.clicks from said s
       where not exists (select 1 from clicks_daily known where known.account_id = $1
         and (known.day, known.program_id, known.sub_id, known.clicks) = (s.day, s.program_id, s.sub_id, s.clicks))
       on conflict (account_id, day, program_id, sub_id) do update set clicks = excluded.clicks`,
      [
        run.accountId,
        `{${days.join(',')}}`,
        `{${rows.map((row) => row.day).join(',')}}`,
        textArray(rows.map((row) => row.programId ?? '')),
        textArray(rows.map((row) => row.subId ?? '')),
        `{${rows.map((row) => row.clicks).join(',')}}`,
      ],
    );
  });
}

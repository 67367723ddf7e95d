import type pg from 'pg';

/** What a list of programs says of one; null where this source does not say. */
export interface ProgramFacts {
  readonly programId: string;
  readonly name: string | null;
  readonly status?: string | null;
  readonly currency?: string | null;
  readonly url?: string | null;
}

/**
 * Keeps names and standing of programs. What a source does not say stays as it was: a program that was left keeps its
 * name. Writes only what differs; returns how many programs did.
 */
export async function savePrograms(
  client: pg.Pool | pg.PoolClient,
  accountId: number,
  programs: readonly ProgramFacts[],
): Promise<number> {
  const byId = new Map(programs.map((program) => [program.programId, program]));
  if (byId.size === 0) return 0;
  const rows = [...byId.values()].sort((a, b) => (a.programId < b.programId ? -1 : 1));
  const column = (key: keyof ProgramFacts) => JSON.stringify(rows.map((program) => program[key] ?? null));
  const { rowCount } = await client.query(
    `with said as (
       select program_id, name, status, currency, url
       from rows from (
         jsonb_array_elements_text($2), jsonb_array_elements_text($3), jsonb_array_elements_text($4),
         jsonb_array_elements_text($5), jsonb_array_elements_text($6)
       ) as said (program_id, name, status, currency, url)
     )
     insert into programs as p (account_id, program_id, name, status, currency, url)
     select $1, s.program_id, s.name, s.status, s.currency, s.url
     from said s left join programs known on known.account_id = $1 and known.program_id = s.program_id
     where known.program_id is null
        or (coalesce(s.name, known.name), coalesce(s.status, known.status), coalesce(s.currency, known.currency), coalesce(s.url, known.url))
           is distinct from (known.name, known.status, known.currency, known.url)
     on conflict (account_id, program_id) do update set
       name = coalesce(excluded.name, p.name), status = coalesce(excluded.status, p.status),
       currency = coalesce(excluded.currency, p.currency), url = coalesce(excluded.url, p.url), changed_at = now()`,
    [accountId, column('programId'), column('name'), column('status'), column('currency'), column('url')],
  );
  return rowCount ?? 0;
}

/** Programs as the rows of a page name them. */
export async function saveProgramNames(
  client: pg.PoolClient,
  accountId: number,
  rows: readonly { readonly programId: string | null; readonly programName: string | null }[],
): Promise<void> {
  const named = rows.flatMap(({ programId, programName }) => (programId ? [{ programId, name: programName }] : []));
  await savePrograms(client, accountId, named);
}

import type pg from 'pg';

/** A table that a backup holds, as the database describes it. */
export interface StoredTable {
  readonly name: string;
  /** Those that COPY may fill, in order. */
  readonly columns: readonly string[];
}

export interface IdentitySequence {
  readonly table: string;
  readonly column: string;
  readonly last: string;
  readonly called: boolean;
}

/**
 * Our tables, those that others refer to first. Left out: the journal of migrations, and whatever is unlogged or lives in
 * another schema (counters and jobs), which may be lost at any time.
 */
export async function storedTables(client: pg.ClientBase): Promise<StoredTable[]> {
  const { rows: tables } = await client.query<StoredTable>(`
    select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relpersistence = 'p' and not starts_with(c.relname, 'kysely_')
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by c.relname order by c.relname`);
  const { rows: references } = await client.query<Reference>(`
    select distinct referring.relname::text as "from", referred.relname::text as "to"
    from pg_constraint f
    join pg_class referring on referring.oid = f.conrelid join pg_class referred on referred.oid = f.confrelid
    where f.contype = 'f' and f.conrelid <> f.confrelid and f.connamespace = current_schema()::regnamespace`);
  return referredFirst(tables, references);
}

interface Reference {
  readonly from: string;
  readonly to: string;
}

function referredFirst(tables: readonly StoredTable[], references: readonly Reference[]): StoredTable[] {
  const ordered: StoredTable[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const blocked = new Set(
      references.filter(({ to }) => waiting.some(({ name }) => name === to)).map(({ from }) => from),
    );
    const free = waiting.filter(({ name }) => !blocked.has(name));
    if (free.length === 0) return [...ordered, ...waiting]; // a circle: the database will say which row it is about
    ordered.push(...free);
    waiting = waiting.filter(({ name }) => blocked.has(name));
  }
  return ordered;
}

/** How far each identity column has counted. Never behind the rows of a transaction that has begun before. */
export async function identitySequences(client: pg.ClientBase): Promise<IdentitySequence[]> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(`
    select c.relname::text as table, a.attname::text as column,
      pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relpersistence = 'p' and a.attidentity <> '' order by 1, 2`);
  const sequences: IdentitySequence[] = [];
  for (const { table, column, sequence } of rows) {
    const counted = await client.query<{ last: string; called: boolean }>(
      `select last_value::text as last, is_called as called from ${sequence}`,
    );
    if (counted.rows[0]) sequences.push({ table, column, ...counted.rows[0] });
  }
  return sequences;
}

/** The migrations that have run, in order; none where nobody has started on this database yet. */
export async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ known: boolean }>(
    `select to_regclass('kysely_migration') is not null as known`,
  );
  if (!rows[0]?.known) return [];
  const applied = await client.query<{ name: string }>('select name from kysely_migration order by name');
  return applied.rows.map(({ name }) => name);
}

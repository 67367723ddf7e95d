import { type Kysely, sql } from 'kysely';

/**
 * The data path: accounts and their sealed keys, what networks said, and how far we have read.
 *
 * Everything is keyed by account first, so that the large tables can be partitioned or distributed by it. `conversions` and
 * `ledger` carry no foreign keys: a check per row costs more than the insert, and only fenced runs write there.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table accounts (
    id integer generated always as identity primary key,
    network text not null,
    name text not null,
    time_zone text not null default 'UTC',
    origin text,
    state text not null default 'active' check (state in ('active', 'paused')),
    trouble_code text,
    trouble text,
    network_words text,
    trouble_since timestamptz,
    epoch bigint not null default 0,
    connected_at timestamptz not null default now(),
    removed_at timestamptz
  )`,
  `comment on column accounts.time_zone is 'Zone whose calendar days the roll-ups count.'`,
  `comment on column accounts.origin is 'Null: the real network. Otherwise the address of a sandbox that stands in for it.'`,
  `comment on column accounts.epoch is 'Fencing token: raised by every run; a write with an older one is refused.'`,
  'create unique index accounts_name on accounts (network, name) where removed_at is null',

  `create table account_keys (
    account_id integer primary key references accounts on delete cascade,
    master_key_id text not null,
    wrapped bytea not null
  )`,
  `create table sealed_credentials (
    account_id integer not null references accounts on delete cascade,
    field text not null,
    sealed bytea not null,
    primary key (account_id, field)
  )`,
  `create table access_tokens (
    account_id integer primary key references accounts on delete cascade,
    sealed bytea not null,
    expires_at timestamptz not null
  )`,

  `create table programs (
    account_id integer not null,
    program_id text not null,
    name text,
    status text,
    currency text,
    url text,
    first_seen_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (account_id, program_id)
  )`,

  `create table conversions (
    account_id integer not null,
    id bigint generated always as identity,
    network_transaction_id text not null,
    sale_key text,
    status text not null check (status in ('pending', 'approved', 'paid', 'reversed')),
    status_raw text not null,
    sale_amount numeric(20,6) not null,
    commission_amount numeric(20,6) not null,
    currency text not null,
    occurred_at timestamptz not null,
    day date not null,
    clicked_at timestamptz,
    network_updated_at timestamptz,
    validated_at timestamptz,
    locked_at timestamptz,
    paid_at timestamptz,
    program_id text,
    sub_id text,
    order_ref text,
    payment_ref text,
    presence text not null default 'present' check (presence in ('present', 'missing', 'replaced')),
    content_hash uuid not null,
    version integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    raw jsonb,
    primary key (account_id, id),
    unique (account_id, network_transaction_id)
  )`,
  `comment on column conversions.day is 'Calendar day of occurred_at in the account''s zone.'`,
  `comment on column conversions.presence is 'missing: gone from a full window at the network, still counted. replaced: superseded by a newer report of its day, no longer counted.'`,
  'create index conversions_by_time on conversions (account_id, occurred_at)',
  `create index conversions_open on conversions (account_id, status, occurred_at) where status in ('pending', 'approved')`,
  'create index conversions_by_sale on conversions (account_id, sale_key) where sale_key is not null',

  `create table ledger (
    account_id integer not null,
    conversion_id bigint not null,
    version integer not null,
    observed_at timestamptz not null,
    run_id bigint not null,
    event text not null check (event in ('first seen', 'changed', 'missing', 'returned', 'replaced')),
    irregular boolean not null default false,
    status text not null,
    status_raw text not null,
    sale_amount numeric(20,6) not null,
    commission_amount numeric(20,6) not null,
    currency text not null,
    occurred_at timestamptz not null,
    clicked_at timestamptz,
    network_updated_at timestamptz,
    validated_at timestamptz,
    locked_at timestamptz,
    paid_at timestamptz,
    program_id text,
    sub_id text,
    sale_key text,
    order_ref text,
    payment_ref text,
    presence text not null,
    content_hash uuid not null,
    primary key (account_id, conversion_id, version)
  )`,
  `comment on table ledger is 'Every state of every conversion ever observed, append-only. The last version is the current row; ledger_changes tells what moved.'`,
  `create function refuse_ledger_change() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' and current_setting('tributary.purge_account', true) = old.account_id::text then return old; end if;
    raise exception 'the ledger is append-only';
  end $$`,
  `create trigger ledger_append_only before update or delete on ledger
    for each row execute function refuse_ledger_change()`,
  `create trigger ledger_no_truncate before truncate on ledger
    for each statement execute function refuse_ledger_change()`,
  `create view ledger_changes as
    select l.account_id, l.conversion_id, l.version, l.observed_at, l.run_id, l.event, l.irregular,
           field.name as field, field.was as "from", field.is_now as "to"
    from (
      select ledger.*, lag(ledger) over (partition by account_id, conversion_id order by version) as prior from ledger
    ) l
    cross join lateral (
      select now_field.key as name, prior_field.value as was, now_field.value as is_now
      from jsonb_each_text(to_jsonb(l) - array['account_id', 'conversion_id', 'version', 'observed_at', 'run_id', 'event', 'irregular', 'content_hash', 'prior']) now_field
      left join jsonb_each_text(to_jsonb(l.prior)) prior_field on prior_field.key = now_field.key
      where now_field.value is distinct from prior_field.value
    ) field`,
  `comment on view ledger_changes is 'One line per field that moved: when it was observed, by which run, from what, to what.'`,

  `create table daily_totals (
    account_id integer not null,
    day date not null,
    program_id text not null,
    currency text not null,
    status text not null,
    conversions integer not null,
    sale_amount numeric not null,
    gross numeric not null,
    corrections numeric not null,
    primary key (account_id, day, program_id, currency, status)
  )`,
  `comment on column daily_totals.gross is 'Sum of positive commissions.'`,
  `comment on column daily_totals.corrections is 'Sum of negative commissions: added with their sign, whatever the status.'`,

  `create table clicks_daily (
    account_id integer not null,
    day date not null,
    program_id text not null,
    sub_id text not null,
    clicks integer not null,
    primary key (account_id, day, program_id, sub_id)
  )`,
  `create table payments (
    account_id integer not null,
    payment_ref text not null,
    amount numeric(20,6) not null,
    currency text not null,
    paid_at timestamptz,
    status_raw text,
    raw jsonb,
    first_seen_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (account_id, payment_ref)
  )`,
  `create table settlements (
    account_id integer not null,
    network_transaction_id text not null,
    payment_ref text not null,
    paid_at timestamptz,
    run_id bigint not null,
    observed_at timestamptz not null,
    primary key (account_id, network_transaction_id)
  )`,
  `comment on table settlements is 'Word from a payment list that a conversion has been paid; turns what is still open into paid.'`,

  `create table runs (
    id bigint generated always as identity primary key,
    account_id integer not null references accounts on delete cascade,
    pass text not null,
    kind text not null check (kind in ('live', 'back-fill', 'import', 'again')),
    epoch bigint not null,
    state text not null default 'running' check (state in ('running', 'done', 'failed', 'given back', 'abandoned')),
    started_at timestamptz not null,
    ended_at timestamptz,
    window_start timestamptz,
    window_end timestamptz,
    calls integer not null default 0,
    pages integer not null default 0,
    rows_read integer not null default 0,
    rows_new integer not null default 0,
    rows_changed integer not null default 0,
    rows_set_aside integer not null default 0,
    rows_vanished integer not null default 0,
    error_code text,
    error text,
    network_words text
  )`,
  'create index runs_by_account on runs (account_id, id desc)',

  `create table checkpoints (
    account_id integer not null references accounts on delete cascade,
    pass text not null,
    complete_until timestamptz,
    window_start timestamptz,
    window_end timestamptz,
    history_reached timestamptz,
    history_goal timestamptz,
    gap_start timestamptz,
    gap_end timestamptz,
    last_done_at timestamptz,
    failures integer not null default 0,
    primary key (account_id, pass)
  )`,
  `comment on column checkpoints.complete_until is 'Everything before it has been asked for through this pass.'`,
  `comment on column checkpoints.window_start is 'Of a sweep under way: where the next question starts. window_end: where the sweep ends.'`,
  `comment on column checkpoints.history_reached is 'Back-fill walks backwards from connecting to history_goal; this is how far it is.'`,
  `comment on column checkpoints.gap_start is 'What the network no longer tells, because we were away for longer than its history reaches. Until gap_end.'`,
  `create table schedules (
    account_id integer not null references accounts on delete cascade,
    pass text not null,
    cron text not null,
    time_zone text not null,
    enabled boolean not null default true,
    primary key (account_id, pass)
  )`,

  `create table set_aside (
    account_id integer not null,
    row_key uuid not null,
    stream text not null,
    pass text not null,
    network_transaction_id text,
    reason text not null,
    raw jsonb not null,
    run_id bigint not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    resolved_at timestamptz,
    primary key (account_id, row_key)
  )`,
  'create index set_aside_open on set_aside (account_id, network_transaction_id) where resolved_at is null',
  `create table drift_samples (
    id bigint generated always as identity primary key,
    account_id integer not null references accounts on delete cascade,
    run_id bigint not null,
    pass text not null,
    observed_at timestamptz not null,
    reason text not null,
    method text,
    url text,
    status integer,
    content_type text,
    body text
  )`,
  'create index drift_samples_by_account on drift_samples (account_id, id desc)',

  `create table exchange_rates (
    day date not null,
    base text not null,
    quote text not null,
    rate numeric(20,10) not null check (rate > 0),
    source text not null,
    primary key (day, base, quote, source)
  )`,
  `create table api_tokens (
    id integer generated always as identity primary key,
    name text not null,
    token_sha256 bytea not null unique,
    scopes text[] not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz
  )`,
];

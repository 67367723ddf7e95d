import type { TributaryError } from '../../core/errors.ts';
import { SetupError } from '../../core/errors.ts';
import { type Database, inTransaction } from '../client.ts';

export interface Account {
  readonly id: number;
  readonly network: string;
  readonly name: string;
  readonly timeZone: string;
  /** Where a sandbox stands in for the network; null for the real one. */
  readonly origin: string | null;
  readonly state: 'active' | 'paused';
  readonly troubleCode: string | null;
  readonly trouble: string | null;
  readonly networkWords: string | null;
  readonly troubleSince: Date | null;
  readonly connectedAt: Date;
}

const COLUMNS = `id, network, name, time_zone as "timeZone", origin, state, trouble_code as "troubleCode", trouble,
  network_words as "networkWords", trouble_since as "troubleSince", connected_at as "connectedAt"`;

export interface NewAccount {
  readonly network: string;
  readonly name: string;
  readonly timeZone: string;
  readonly origin?: string | undefined;
  readonly connectedAt: Date;
}

/** Adds an account. Throws a SetupError where the network already has one of this name. */
export async function addAccount({ pool }: Database, account: NewAccount): Promise<Account> {
  const { rows } = await pool.query<Account>(
    `insert into accounts (network, name, time_zone, origin, connected_at) values ($1, $2, $3, $4, $5)
     on conflict (network, name) where removed_at is null do nothing returning ${COLUMNS}`,
    [account.network, account.name, account.timeZone, account.origin ?? null, account.connectedAt],
  );
  const added = rows[0];
  if (!added) {
    throw new SetupError(`There is already an account "${account.name}" at ${account.network}: choose another --name.`);
  }
  return added;
}

/** Accounts that have not been removed, in the order in which they were connected. */
export async function listAccounts({ pool }: Database): Promise<Account[]> {
  const { rows } = await pool.query<Account>(`select ${COLUMNS} from accounts where removed_at is null order by id`);
  return rows;
}

export async function findAccount({ pool }: Database, id: number): Promise<Account | null> {
  const { rows } = await pool.query<Account>(`select ${COLUMNS} from accounts where id = $1 and removed_at is null`, [
    id,
  ]);
  return rows[0] ?? null;
}

/** Stops syncing of an account until somebody resumes it; `because` is an error of ours or the owner's wish (null). */
export async function pauseAccount(
  { pool }: Database,
  id: number,
  because: TributaryError | null,
  at: Date,
): Promise<void> {
  await pool.query(
    `update accounts set state = 'paused', trouble_code = $2, trouble = $3, network_words = $4, trouble_since = $5 where id = $1`,
    [id, because?.code ?? null, because?.message ?? null, because?.networkWords ?? null, because ? at : null],
  );
}

/** Lets an account sync again and forgets its trouble. */
export async function resumeAccount({ pool }: Database, id: number): Promise<void> {
  await pool.query(
    `update accounts set state = 'active', trouble_code = null, trouble = null, network_words = null, trouble_since = null
     where id = $1 and (state <> 'active' or trouble_code is not null)`,
    [id],
  );
}

/** Keeps what is wrong with an account, and since when, while it goes on being tried. */
export async function noteTrouble({ pool }: Database, id: number, error: TributaryError, at: Date): Promise<void> {
  await pool.query(
    `update accounts set trouble_code = $2, trouble = $3, network_words = $4,
       trouble_since = case when trouble_code = $2 then trouble_since else $5 end
     where id = $1 and state = 'active'`,
    [id, error.code, error.message, error.networkWords, at],
  );
}

/** A pass has gone well: trouble is over unless another pass still fails. */
export async function clearTrouble({ pool }: Database, id: number): Promise<void> {
  await pool.query(
    `update accounts set trouble_code = null, trouble = null, network_words = null, trouble_since = null
     where id = $1 and state = 'active' and trouble_code is not null
       and not exists (select 1 from checkpoints where account_id = $1 and failures > 0)`,
    [id],
  );
}

/** Points simulated accounts at a sandbox that has moved to another port. Real accounts stay where they are. */
export async function moveOrigin({ pool }: Database, origin: string): Promise<void> {
  await pool.query('update accounts set origin = $1 where origin is not null and origin <> $1', [origin]);
}

/** What `purgeAccount` empties; `accounts` itself goes last and takes keys, runs and schedules along. */
const DATA_TABLES = [
  'conversions',
  'ledger',
  'daily_totals',
  'programs',
  'clicks_daily',
  'payments',
  'settlements',
  'set_aside',
];

/** Takes an account out of service: keys and schedules go, its history stays and still counts nowhere but in itself. */
export async function removeAccount(db: Database, id: number, at: Date): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query('update accounts set removed_at = $2, epoch = epoch + 1 where id = $1', [id, at]);
    for (const table of ['account_keys', 'sealed_credentials', 'access_tokens', 'schedules']) {
      await client.query(`delete from ${table} where account_id = $1`, [id]);
    }
  });
}

/** Deletes an account with everything ever read for it: the one way to make the ledger forget, and it takes all. */
export async function purgeAccount(db: Database, id: number): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query('update accounts set epoch = epoch + 1 where id = $1', [id]);
    await client.query(`select set_config('tributary.purge_account', $1, true)`, [String(id)]);
    for (const table of DATA_TABLES) await client.query(`delete from ${table} where account_id = $1`, [id]);
    await client.query('delete from accounts where id = $1', [id]);
  });
}

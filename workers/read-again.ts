import { type Conversion, conversion } from '../core/conversion.ts';
import type { Account } from '../db/queries/accounts.ts';
import { knownIds } from '../db/queries/conversions.ts';
import { closeSetAside, type OpenSetAside, openSetAside } from '../db/queries/set-aside.ts';
import { savePage } from '../db/save-page.ts';
import type { Engine } from './engine.ts';
import { ownerRun } from './owner-run.ts';
import { openConnection } from './pass-run.ts';

export interface ReadAgainResult {
  /** Conversions that were read and saved. */
  readonly saved: number;
  /** Rows that are settled without a write: a later answer has told of the same conversion, or they are none. */
  readonly settled: number;
  /** Rows that still cannot be read. */
  readonly waiting: number;
}

/** More than anybody leaves lying; it bounds the memory. */
const MOST_ROWS = 100_000;

/**
 * Takes up the conversions of an account that were set aside, with today's connector. A row of a conversion that is known
 * by now is only settled: what was told of it later stands. Rows of other streams come again with their next pass.
 */
export async function readAgain(engine: Engine, account: Account): Promise<ReadAgainResult> {
  const { connector, credentials } = await openConnection(engine, account);
  const { normalise } = connector.streams.conversions;
  return ownerRun(engine, { accountId: account.id, kind: 'again' }, async (run, read) => {
    const open = await openSetAside(engine.db.pool, account.id, MOST_ROWS);
    const tried = open.map((row) => ({ row, outcome: tryAgain(row, (raw) => normalise(raw, credentials)) }));
    const readable = tried.filter(({ outcome }) => outcome !== 'unreadable');
    const rows = readable.flatMap(({ outcome }) => (typeof outcome === 'object' ? [outcome] : []));
    const known = await knownIds(
      engine.db,
      account.id,
      rows.map(({ networkTransactionId }) => networkTransactionId),
    );
    const unknown = rows.filter(({ networkTransactionId }) => !known.has(networkTransactionId));
    read.rows = open.length;
    const observedAt = engine.clock.now();
    const { created } = await savePage(engine.db, run, { observedAt, rows: unknown, setAside: [] });
    const keys = readable.map(({ row }) => row.rowKey);
    if (keys.length > 0) await closeSetAside(engine.db.pool, account.id, keys, observedAt);
    return { saved: created, settled: readable.length - created, waiting: open.length - readable.length };
  });
}

type Outcome = Conversion | 'no conversion' | 'unreadable';

function tryAgain(row: OpenSetAside, normalise: (raw: unknown) => Parameters<typeof conversion>[0] | null): Outcome {
  if (row.stream !== 'conversions') return 'unreadable';
  try {
    const fields = normalise(row.raw);
    return fields ? conversion(fields, row.raw) : 'no conversion';
  } catch {
    return 'unreadable'; // its reason is kept with it already
  }
}

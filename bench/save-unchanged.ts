import type pg from 'pg';
import { withNews } from '../db/ask.ts';
import { type HashedConversion, hashed } from '../db/conversion-columns.ts';
import { addAwinAccount, beginReading, readAnswers } from './awin-account.ts';
import { awinAnswers } from './awin-answers.ts';
import { tableLine } from './bare-copy.ts';
import type { Bench, Topic } from './bench.ts';
import type { BenchDatabase } from './bench-server.ts';
import { type Figure, figure, ratio } from './figure.ts';
import { conversionsOf, ROWS_PER_ANSWER } from './pipeline.ts';
import { race, rates } from './race.ts';
import { rowByRow, stagedUpsert } from './usual-upserts.ts';

const TABLES = ['conversions', 'ledger', 'daily_totals', 'programs', 'set_aside', 'checkpoints'];
/** Row by row takes a millisecond each: a part of the rows is enough, and counts for all of them. */
const ROW_BY_ROW_SHARE = 25;

export const saveUnchanged: Topic = {
  names: ['save.unchanged', 'save.unchanged.rowByRow', 'unchanged.walPerRow', 'unchanged.rowsWritten'],
  async measure(bench) {
    const answers = [...awinAnswers({ rows: bench.rows, rowsPerAnswer: ROWS_PER_ANSWER })];
    const db = await bench.server.fresh();
    const account = await addAwinAccount(db);
    await readAnswers(db, account, answers);
    const pages = answers.map((text) => hashed(conversionsOf(text)));
    const times = await timesFaster(bench, db, account.id, pages);
    await db.drop();
    return [...times, ...(await whatIsWritten(bench, answers))];
  },
};

/** The database's part alone: rows come hashed to ours, and as finished lines of COPY or as parameters to the others. */
async function timesFaster(
  { rounds, rows, note }: Bench,
  db: BenchDatabase,
  accountId: number,
  pages: readonly HashedConversion[][],
): Promise<Figure[]> {
  const lines = pages.map((page) => Buffer.from(page.map(tableLine).join('')));
  const some = (pages[0] ?? []).slice(0, Math.ceil(rows / ROW_BY_ROW_SHARE));
  const settled = (work: () => Promise<unknown>) => async () => {
    await db.settle();
    return { work };
  };
  const seconds = await race(rounds, {
    ours: settled(async () => {
      for (const page of pages) await withNews(db, accountId, page);
    }),
    'staged upsert': settled(() => stagedUpsert(db, lines)),
    'row by row': settled(() => rowByRow(db, accountId, some)),
  });
  const forAll = seconds['row by row'].map((value) => value * (rows / some.length));
  note(`unchanged rows: ${rates(rows, { ...seconds, 'row by row': forAll })}`);
  return [
    ratio('save.unchanged', 'times a staged upsert', [seconds['staged upsert'], seconds.ours]),
    ratio('save.unchanged.rowByRow', 'times a row-by-row upsert', [forAll, seconds.ours]),
  ];
}

/** The whole pipeline over rows that the database has as they are. The row of the run itself is older than the measure. */
async function whatIsWritten({ server, rounds, rows }: Bench, answers: readonly string[]): Promise<Figure[]> {
  const bytesPerRow: number[] = [];
  const written: number[] = [];
  const db = await server.fresh();
  const account = await addAwinAccount(db);
  await readAnswers(db, account, answers);
  for (let round = 0; round < rounds; round += 1) {
    const readAgain = await beginReading(db, account, answers);
    await db.settle();
    const transaction = await nextTransaction(db.pool);
    const before = await walBytes(db.pool);
    await readAgain();
    bytesPerRow.push(((await walBytes(db.pool)) - before) / rows);
    written.push(await rowsWrittenSince(db.pool, transaction));
  }
  await db.drop();
  return [figure('unchanged.walPerRow', 'bytes', bytesPerRow), figure('unchanged.rowsWritten', 'rows', written)];
}

async function walBytes(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes`,
  );
  return rows[0]?.bytes ?? Number.NaN;
}

/** The number that the next writing transaction will have, at least. */
async function nextTransaction(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ next: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as next');
  return rows[0]?.next ?? '';
}

/** Rows of the data path that were inserted or updated since then. */
async function rowsWrittenSince(pool: pg.Pool, transaction: string): Promise<number> {
  const counts = TABLES.map((table) => `(select count(*) from ${table} where xmin::text::bigint >= $1)`);
  const { rows } = await pool.query<{ written: number }>(`select ${counts.join(' + ')} as written`, [transaction]);
  return rows[0]?.written ?? Number.NaN;
}

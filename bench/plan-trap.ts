import { withNews } from '../db/ask.ts';
import { openDatabase } from '../db/client.ts';
import { hashed } from '../db/conversion-columns.ts';
import { addAwinAccount, readAnswers } from './awin-account.ts';
import { awinAnswers } from './awin-answers.ts';
import type { Bench, Topic } from './bench.ts';
import { figure } from './figure.ts';
import { conversionsOf, ROWS_PER_ANSWER } from './pipeline.ts';
import { race, rates } from './race.ts';

/** A connection keeps what it learns of a statement from its sixth run on; ten leave no doubt. */
const RUNS_WHILE_EMPTY = 10;
const MOST_ROWS = 30_000;

/** A new install asks while the tables are empty, and goes on asking on the same connection when they are not. */
export const planTrap: Topic = {
  names: ['ask.planTrap'],
  async measure(bench) {
    const ratios: number[] = [];
    for (let round = 0; round < bench.rounds; round += 1) ratios.push(await oldAgainstFresh(bench, round));
    return [figure('ask.planTrap', 'of a fresh connection', ratios)];
  },
};

async function oldAgainstFresh({ server, rows, note }: Bench, round: number): Promise<number> {
  const db = await server.fresh();
  const account = await addAwinAccount(db);
  const answers = [...awinAnswers({ rows: Math.min(rows, MOST_ROWS), rowsPerAnswer: ROWS_PER_ANSWER })];
  const page = hashed(conversionsOf(answers.at(-1) ?? '[]'));
  const old = openDatabase(db.url, { max: 1 });
  const fresh = openDatabase(db.url, { max: 1 });
  for (let run = 0; run < RUNS_WHILE_EMPTY; run += 1) await withNews(old, account.id, page);
  await readAnswers(db, account, answers);
  await fresh.pool.query('select 1');
  const seconds = await race(3, {
    'after ten runs on empty tables': async () => ({ work: () => withNews(old, account.id, page) }),
    'fresh connection': async () => ({ work: () => withNews(fresh, account.id, page) }),
  });
  if (round === 0) note(`${page.length} keys asked: ${rates(page.length, seconds, 'keys')}`);
  await old.close();
  await fresh.close();
  await db.drop();
  return Math.min(...seconds['after ten runs on empty tables']) / Math.min(...seconds['fresh connection']);
}

import { awin } from '../connectors/awin/index.ts';
import { contentHash } from '../core/content-hash.ts';
import { type Conversion, conversion } from '../core/conversion.ts';
import { hashed } from '../db/conversion-columns.ts';
import { addAwinAccount, beginReading, CREDENTIALS, readAnswers } from './awin-account.ts';
import { type AnswerPlan, awinAnswers } from './awin-answers.ts';
import { copyBuffer, TABLE, tableLine } from './bare-copy.ts';
import type { Bench, Topic } from './bench.ts';
import { type BenchServer, inFresh } from './bench-server.ts';
import { ratio } from './figure.ts';
import { race, rates } from './race.ts';

export const ROWS_PER_ANSWER = 10_000;
/** Two in a hundred. */
const CHANGED_EVERY = 50;

export const pipeline: Topic = {
  names: ['pipeline.new', 'pipeline.unchanged', 'pipeline.changed2'],
  async measure(bench) {
    const plan = { rows: bench.rows, rowsPerAnswer: ROWS_PER_ANSWER };
    await warmUp(bench);
    const first = await firstLoads(bench, plan);
    const again = await loadsAgain(bench, plan);
    bench.note(`first load: ${rates(bench.rows, first)}`);
    bench.note(`read again: ${rates(bench.rows, again)}`);
    return [
      ratio('pipeline.new', 'of bare COPY into the same indexed table', [first['bare COPY'], first.pipeline]),
      ratio('pipeline.unchanged', 'of parse + normalise + hash in Node', [again['Node alone'], again.unchanged]),
      ratio('pipeline.changed2', 'of parse + normalise + hash in Node', [again['Node alone'], again['2 % changed']]),
    ];
  },
};

/** Rows as the pipeline makes them of the answers' text. */
export function conversionsOf(text: string): Conversion[] {
  const raws: unknown[] = JSON.parse(text);
  return raws.flatMap((raw) => {
    const fields = awin.streams.conversions.normalise(raw, CREDENTIALS);
    return fields ? [conversion(fields, raw)] : [];
  });
}

/** Compiled code is what is measured: the first thousands of rows run slower than all that follow. */
async function warmUp({ server, rows }: Bench): Promise<void> {
  const db = await server.fresh();
  const account = await addAwinAccount(db);
  for (const changedEvery of [1, 3]) {
    const answers = [
      ...awinAnswers({ rows: Math.min(rows, 6_000), rowsPerAnswer: 2_000, changedEvery, revision: changedEvery }),
    ];
    nodeAlone(answers);
    await readAnswers(db, account, answers);
  }
  await db.drop();
}

function firstLoads({ server, rounds }: Bench, plan: AnswerPlan) {
  const answers = [...awinAnswers(plan)];
  const lines = Buffer.from(answers.flatMap((text) => hashed(conversionsOf(text)).map(tableLine)).join(''));
  return race(rounds, {
    'bare COPY': () =>
      inFresh(server, async (db) => {
        const client = await db.pool.connect();
        return async () => {
          await copyBuffer(client, TABLE, lines);
          client.release();
        };
      }),
    pipeline: () =>
      inFresh(server, async (db) => {
        const account = await addAwinAccount(db);
        return beginReading(db, account, answers);
      }),
  });
}

/** The same rows once more, into tables that hold them: as they were, and with a few of them changed anew each round. */
async function loadsAgain({ server, rounds }: Bench, plan: AnswerPlan) {
  const answers = [...awinAnswers(plan)];
  const unchanged = await loaded(server, answers);
  const changing = await loaded(server, answers);
  const seconds = await race(rounds, {
    'Node alone': async () => ({ work: async () => nodeAlone(answers) }),
    unchanged: async () => {
      const work = await beginReading(unchanged.db, unchanged.account, answers);
      await unchanged.db.settle();
      return { work };
    },
    '2 % changed': async (round) => {
      const changed = [...awinAnswers({ ...plan, changedEvery: CHANGED_EVERY, revision: round + 1 })];
      const work = await beginReading(changing.db, changing.account, changed);
      await changing.db.settle();
      return { work };
    },
  });
  await unchanged.db.drop();
  await changing.db.drop();
  return seconds;
}

/** What no pipeline can do without: the text parsed, each row read by the connector, and hashed. */
function nodeAlone(answers: readonly string[]): void {
  const { normalise } = awin.streams.conversions;
  for (const text of answers) {
    for (const raw of JSON.parse(text)) {
      const fields = normalise(raw, CREDENTIALS);
      if (fields) contentHash(conversion(fields, raw));
    }
  }
}

async function loaded(server: BenchServer, answers: readonly string[]) {
  const db = await server.fresh();
  const account = await addAwinAccount(db);
  await readAnswers(db, account, answers);
  return { db, account };
}

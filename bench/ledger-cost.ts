import { applyStaged, prepareStaging, STAGED_COLUMNS } from '../db/apply-staged.ts';
import { type Database, inTransaction } from '../db/client.ts';
import { type HashedConversion, hashed, stagingLines } from '../db/conversion-columns.ts';
import { copyInto } from '../db/copy-text.ts';
import { addAwinAccount } from './awin-account.ts';
import { awinAnswers } from './awin-answers.ts';
import type { Topic } from './bench.ts';
import { inFresh } from './bench-server.ts';
import { ratio } from './figure.ts';
import { conversionsOf, ROWS_PER_ANSWER } from './pipeline.ts';
import { race, rates } from './race.ts';
import { upsertAlone } from './usual-upserts.ts';

type Pages = readonly (readonly HashedConversion[])[];

/** What the ledger and the roll-ups cost on a first load, where every row has news: the most that they can cost. */
export const ledgerCost: Topic = {
  names: ['ledger.cost'],
  async measure({ server, rows, rounds, note }) {
    const answers = awinAnswers({ rows, rowsPerAnswer: ROWS_PER_ANSWER });
    const pages = [...answers].map((text) => hashed(conversionsOf(text)));
    const loading = (load: (db: Database, accountId: number, pages: Pages) => Promise<void>) => () =>
      inFresh(server, async (db) => {
        const { id } = await addAwinAccount(db);
        return () => load(db, id, pages);
      });
    const seconds = await race(rounds, { 'upsert alone': loading(upsertAlone), ours: loading(applyAll) });
    note(`rows, ledger and roll-ups: ${rates(rows, seconds)}`);
    return [ratio('ledger.cost', 'of the upsert alone', [seconds.ours, seconds['upsert alone']])];
  },
};

async function applyAll(db: Database, accountId: number, pages: Pages): Promise<void> {
  for (const page of pages) {
    await inTransaction(
      db,
      async (client) => {
        await copyInto(client, `staged (${STAGED_COLUMNS})`, stagingLines(page));
        await applyStaged(client, { accountId, runId: 1, observedAt: new Date() });
      },
      prepareStaging,
    );
  }
}

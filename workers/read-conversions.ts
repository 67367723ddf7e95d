import type { Page, Question } from '../connectors/contract.ts';
import { conversion } from '../core/conversion.ts';
import { SeenTexts } from '../core/fingerprint.ts';
import { markMissing } from '../db/presence.ts';
import { savePage } from '../db/save-page.ts';
import type { PassRun } from './pass-run.ts';
import { readAhead } from './read-ahead.ts';
import { readRowsInTurns } from './read-rows.ts';
import { SavesInOrder } from './saves-in-order.ts';

/** Rows that are saved at once: larger batches gain little and hold more memory. */
const BATCH_ROWS = 5_000;

/**
 * Reads the conversions of one question: each page in one transaction, the next one fetched and normalised meanwhile.
 * Where the pass hears the whole window, rows of ours that were not listed are marked as missing.
 */
export async function readConversions(it: PassRun, question: Question): Promise<void> {
  const stream = it.connector.streams.conversions;
  const source = { stream, name: it.stream, pass: it.pass.name, credentials: it.credentials };
  const listed = it.pass.whole && it.kind === 'live' ? new SeenTexts() : null;
  let unreadable = 0;
  const saves = new SavesInOrder();
  for await (const page of readAhead(stream.pages(it.http, question, it.credentials))) {
    it.signal.throwIfAborted();
    for (const { rows: raws, day } of batchesOf(page)) {
      const { good: rows, setAside } = await readRowsInTurns(raws, source, conversion, () => saves.turn());
      if (listed) for (const row of rows) listed.add(row.networkTransactionId);
      unreadable += setAside.length;
      it.read.rows += raws.length;
      const observedAt = it.engine.clock.now();
      await saves.next((passing) =>
        savePage(it.engine.db, it.run, { observedAt, rows, setAside, replacesDay: day }, async (step) => {
          passing(step);
          await it.engine.onStep?.(step);
        }),
      );
    }
    it.read.pages += 1;
  }
  await saves.done();
  // An unreadable row may be any of ours, and an answer without a single row says nothing of rows that were there before.
  if (listed && unreadable === 0 && listed.size > 0) {
    await markMissing(it.engine.db, it.run, question, (id) => listed.has(id), it.engine.clock.now());
  }
}

/** A day that replaces another is one batch, however large: half of it would replace the other half. */
function* batchesOf(page: Page): Generator<{ rows: readonly unknown[]; day?: string }> {
  if ('day' in page) {
    yield page;
    return;
  }
  for (let from = 0; from < page.length; from += BATCH_ROWS) yield { rows: page.slice(from, from + BATCH_ROWS) };
}

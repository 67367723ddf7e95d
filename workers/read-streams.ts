import type { Page, Question, Stream, StreamName } from '../connectors/contract.ts';
import { inTransaction } from '../db/client.ts';
import { holdFence } from '../db/fence.ts';
import { saveClicks } from '../db/queries/clicks.ts';
import { savePayments } from '../db/queries/payments.ts';
import { savePrograms } from '../db/queries/programs.ts';
import { saveSetAside } from '../db/queries/set-aside.ts';
import { saveSettlements } from '../db/queries/settlements.ts';
import type { PassRun } from './pass-run.ts';
import { readConversions } from './read-conversions.ts';
import { readRows } from './read-rows.ts';

type ReadQuestion = (it: PassRun, question: Question) => Promise<void>;

/** How each stream's answers are read and kept. Conversions go page by page; the small streams question by question. */
export const READERS: Readonly<Record<StreamName, ReadQuestion>> = {
  conversions: readConversions,
  programs: async (it, question) => {
    const { rows } = await collect(it, it.connector.streams.programs, question, (program) => program);
    await inTransaction(it.engine.db, async (client) => {
      await holdFence(client, it.run);
      await savePrograms(client, it.account.id, rows);
    });
  },
  clicks: async (it, question) => {
    const { rows, days } = await collect(it, it.connector.streams.clicks, question, (clicks) => clicks);
    for (const { day } of rows) days.add(day);
    if (days.size > 0) await saveClicks(it.engine.db, it.run, [...days], rows);
  },
  payments: async (it, question) => {
    const { rows } = await collect(it, it.connector.streams.payments, question, (payment, raw) => ({
      ...payment,
      raw,
    }));
    await savePayments(it.engine.db, it.run, rows);
  },
  settlements: async (it, question) => {
    const { rows } = await collect(it, it.connector.streams.settlements, question, (settlement) => settlement);
    await saveSettlements(it.engine.db, it.run, rows, it.engine.clock.now());
  },
};

/** Every row of a question, and the whole days that it answered. Unreadable rows are set aside. */
async function collect<Fields, Row>(
  it: PassRun,
  stream: Stream<Fields, Record<string, unknown>> | undefined,
  question: Question,
  complete: (fields: Fields, raw: unknown) => Row,
): Promise<{ rows: Row[]; days: Set<string> }> {
  const rows: Row[] = [];
  const days = new Set<string>();
  if (!stream) return { rows, days };
  const source = { stream, name: it.stream, pass: it.pass.name, credentials: it.credentials };
  for await (const page of stream.pages(it.http, question, it.credentials)) {
    it.signal.throwIfAborted();
    const raws = rowsOf(page);
    if ('day' in page) days.add(page.day);
    const { good, setAside } = readRows(raws, source, complete);
    rows.push(...good);
    it.read.rows += raws.length;
    it.read.pages += 1;
    if (setAside.length === 0) continue;
    await inTransaction(it.engine.db, async (client) => {
      await holdFence(client, it.run);
      await saveSetAside(client, it.run, it.engine.clock.now(), setAside);
    });
  }
  return { rows, days };
}

function rowsOf(page: Page): readonly unknown[] {
  return 'day' in page ? page.rows : page;
}

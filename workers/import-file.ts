import type { Page } from '../connectors/contract.ts';
import { recogniseFile } from '../connectors/kit/report-file.ts';
import { type ConversionFields, conversion } from '../core/conversion.ts';
import { FileRefusedError, SchemaDriftError } from '../core/errors.ts';
import type { Account } from '../db/queries/accounts.ts';
import type { SetAsideRow } from '../db/queries/set-aside.ts';
import { type PageToSave, savePage } from '../db/save-page.ts';
import type { Engine } from './engine.ts';
import { ownerRun } from './owner-run.ts';
import { openConnection } from './pass-run.ts';
import { type RowSource, readRows } from './read-rows.ts';

export interface ImportFile {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface ImportResult {
  /** What kind of report it was taken for. */
  readonly report: string;
  readonly rows: number;
  readonly created: number;
  readonly changed: number;
  /** Rows of an earlier report that this one no longer has. */
  readonly replaced: number;
  readonly setAside: number;
  /** Why the first rows that were set aside cannot be read. */
  readonly reasons: readonly string[];
  /** Days that the file gives whole. */
  readonly days: readonly string[];
}

type ReadPage = Omit<PageToSave, 'observedAt'> & { readonly read: number };

const MOST_REASONS = 5;

/**
 * Imports a report file into an account, a paused one too. The whole file is read before anything is stored: a file of the
 * wrong kind, encoding or shape throws a FileRefusedError and leaves no trace. Importing it twice changes nothing.
 */
export async function importFile(engine: Engine, account: Account, file: ImportFile): Promise<ImportResult> {
  const { connector, credentials } = await openConnection(engine, account);
  const report = recogniseFile(connector, file.bytes, file.name);
  const source = { stream: connector.streams.conversions, name: 'conversions', pass: 'import', credentials };
  const pages = [...report.pages(file.bytes, file.name, credentials)].map((page) => readPage(page, source, file.name));
  const setAside = pages.flatMap((page) => page.setAside);
  const counts = await save(engine, account.id, pages);
  return {
    report: report.title,
    rows: pages.reduce((total, page) => total + page.read, 0),
    ...counts,
    setAside: setAside.length,
    reasons: [...new Set(setAside.map(reasonWithPlace))].slice(0, MOST_REASONS),
    days: pages.flatMap(({ replacesDay }) => replacesDay ?? []).sort(),
  };
}

function readPage(page: Page, source: RowSource<ConversionFields>, fileName: string): ReadPage {
  const raws = 'day' in page ? page.rows : page;
  try {
    const { good: rows, setAside } = readRows(raws, source, conversion);
    return { rows, setAside, read: raws.length, ...('day' in page && { replacesDay: page.day }) };
  } catch (error) {
    if (!(error instanceof SchemaDriftError)) throw error;
    throw new FileRefusedError(
      `"${fileName}" has another shape than it looked like. ${error.message}`,
      {},
      { cause: error },
    );
  }
}

/** Rows of some reports know the line that they stood on. */
function reasonWithPlace({ reason, raw }: SetAsideRow): string {
  const { line } = raw as { readonly line?: unknown };
  return typeof line === 'number' ? `line ${line}: ${reason}` : reason;
}

async function save(engine: Engine, accountId: number, pages: readonly ReadPage[]) {
  return ownerRun(engine, { accountId, kind: 'import' }, async (run, read) => {
    const counts = { created: 0, changed: 0, replaced: 0 };
    for (const { read: rows, ...page } of pages) {
      const saved = await savePage(engine.db, run, { ...page, observedAt: engine.clock.now() }, engine.onStep);
      counts.created += saved.created;
      counts.changed += saved.changed - saved.vanished; // a replaced row changes too, and is told apart
      counts.replaced += saved.vanished;
      read.pages += 1;
      read.rows += rows;
    }
    return counts;
  });
}

import type pg from 'pg';
import type { Conversion } from '../core/conversion.ts';
import { applyStaged, prepareStaging, STAGED_COLUMNS } from './apply-staged.ts';
import { withNews } from './ask.ts';
import { type Database, inTransaction } from './client.ts';
import { type HashedConversion, hashed, stagingLines } from './conversion-columns.ts';
import { copyInto } from './copy-text.ts';
import { holdFence, type RunHandle } from './fence.ts';
import { absentFromDay, stageAs } from './presence.ts';
import { saveProgramNames } from './queries/programs.ts';
import { countSaved } from './queries/runs.ts';
import { resolveSetAside, type SetAsideRow, saveSetAside } from './queries/set-aside.ts';

export interface PageToSave {
  readonly observedAt: Date;
  readonly rows: readonly Conversion[];
  readonly setAside: readonly SetAsideRow[];
  /** `YYYY-MM-DD`: the page is everything that happened on this UTC day; what else we have of it is replaced. */
  readonly replacesDay?: string | undefined;
}

export interface SavedPage {
  readonly created: number;
  readonly changed: number;
  readonly vanished: number;
}

/** Where a crash may hit; tests break off there. */
export type SaveStep = 'asked' | 'begun' | 'staged' | 'applied' | 'committed';
export type OnStep = (step: SaveStep) => void | Promise<void>;

interface News extends PageToSave {
  readonly changed: readonly HashedConversion[];
  /** Ids of the replaced day that its new report no longer has. */
  readonly vanished: readonly string[];
}

/**
 * Saves one page: changed conversions, their ledger lines, roll-ups, set-aside rows, program names and run counters
 * commit together or not at all. Twice is the same as once, and a page without news writes nothing.
 * Throws a StaleRunError where a newer run has taken over.
 */
export async function savePage(
  db: Database,
  run: RunHandle,
  page: PageToSave,
  onStep: OnStep = () => {},
): Promise<SavedPage> {
  const rows = hashed(page.rows);
  const changed = await withNews(db, run.accountId, rows);
  const vanished = page.replacesDay ? await absentFromDay(db, run.accountId, page.replacesDay, rows) : [];
  await onStep('asked');
  if (changed.length + vanished.length + page.setAside.length === 0) return { created: 0, changed: 0, vanished: 0 };
  const saved = await inTransaction(
    db,
    (client) => saveNews(client, run, { ...page, changed, vanished }, onStep),
    prepareStaging,
  );
  await onStep('committed');
  return saved;
}

async function saveNews(client: pg.PoolClient, run: RunHandle, news: News, onStep: OnStep): Promise<SavedPage> {
  await holdFence(client, run);
  await onStep('begun');
  if (news.changed.length > 0) {
    await copyInto(client, `staged (${STAGED_COLUMNS})`, stagingLines(news.changed));
  }
  await stageAs(client, run.accountId, news.vanished, 'replaced');
  await onStep('staged');
  const applied = await applyStaged(client, { ...run, observedAt: news.observedAt });
  await onStep('applied');
  const rows = news.changed.map(({ row }) => row);
  await saveProgramNames(client, run.accountId, rows);
  await saveSetAside(client, run, news.observedAt, news.setAside);
  await resolveSetAside(client, run.accountId, news.observedAt, rows);
  const saved = { ...applied, vanished: news.vanished.length };
  await countSaved(client, run, { ...saved, setAside: news.setAside.length });
  return saved;
}

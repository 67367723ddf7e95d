import { afterAll, beforeAll } from 'vitest';
import { type Database, openDatabase } from '../../db/client.ts';
import { addAccount } from '../../db/queries/accounts.ts';
import { beginRun } from '../../db/queries/runs.ts';
import { type PageToSave, type SavedPage, savePage } from '../../db/save-page.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

/** A database of this file's own, opened before its tests and dropped after them. */
export function useDatabase(): { readonly db: Database; readonly url: string } {
  const held: { db?: Database; test?: TestDatabase } = {};
  beforeAll(async () => {
    held.test = await createTestDatabase();
    held.db = openDatabase(held.test.url);
  });
  afterAll(async () => {
    await held.db?.close();
    await held.test?.drop();
  });
  return {
    get db() {
      if (!held.db) throw new Error('The database opens with the first test.');
      return held.db;
    },
    get url() {
      if (!held.test) throw new Error('The database opens with the first test.');
      return held.test.url;
    },
  };
}

let named = 0;

/** A new account without keys, enough to save rows for. */
export async function someAccount(db: Database, timeZone = 'UTC'): Promise<number> {
  named += 1;
  const connectedAt = new Date('2026-01-01T00:00:00Z');
  return (await addAccount(db, { network: 'awin', name: `account ${named}`, timeZone, connectedAt })).id;
}

/** Saves pages in one run of their own. */
export async function saveInOneRun(
  db: Database,
  accountId: number,
  pages: readonly (Partial<PageToSave> & Pick<PageToSave, 'rows'>)[],
  at = new Date('2026-03-02T00:00:00Z'),
): Promise<SavedPage[]> {
  const run = await beginRun(db, { accountId, pass: 'new', kind: 'live', at });
  const saved: SavedPage[] = [];
  for (const page of pages) saved.push(await savePage(db, run, { observedAt: at, setAside: [], ...page }));
  return saved;
}

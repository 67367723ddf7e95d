import { awin } from '../connectors/awin/index.ts';
import type { Connector, Page } from '../connectors/contract.ts';
import { memoryTokenStore } from '../connectors/kit/tokens.ts';
import { parseJson } from '../core/json.ts';
import { silentLog } from '../core/log.ts';
import { addDays } from '../core/time-window.ts';
import type { Database } from '../db/client.ts';
import { type Account, addAccount } from '../db/queries/accounts.ts';
import { beginRun } from '../db/queries/runs.ts';
import { SimulatedClock } from '../sandbox/clock.ts';
import type { Engine } from '../workers/engine.ts';
import { findPass, openConnection, type PassRun } from '../workers/pass-run.ts';
import { readConversions } from '../workers/read-conversions.ts';
import { START } from './awin-answers.ts';

export const CREDENTIALS = { accessToken: 'bench-token-0000', publisherId: '440022' };
/** After the generated month. */
export const NOW = addDays(START, 40);

/** An Awin account, without schedules or sealed keys. */
export function addAwinAccount(db: Database): Promise<Account> {
  return addAccount(db, { network: 'awin', name: 'bench', timeZone: 'UTC', connectedAt: NOW });
}

/** The real engine around a connector, but that it never waits for a rate limit. */
export function unlimitedEngine(db: Database, connector: Connector): Engine {
  return {
    db,
    connectorById: () => connector,
    clock: new SimulatedClock(NOW),
    limiter: { take: async () => () => {} },
    openCredentials: async () => CREDENTIALS,
    tokensFor: () => memoryTokenStore(),
    log: silentLog,
  };
}

/**
 * The product's own way from the text of answers to committed rows: parsed, read by the Awin connector, saved page by page
 * with the next page prepared meanwhile. Only the network is left out.
 */
export async function readAnswers(db: Database, account: Account, answers: Iterable<string>): Promise<void> {
  const read = await beginReading(db, account, answers);
  await read();
}

/** The same with its run begun and its connection open, so that the reading alone can be timed. */
export async function beginReading(
  db: Database,
  account: Account,
  answers: Iterable<string>,
): Promise<() => Promise<void>> {
  const engine = unlimitedEngine(db, answering(answers));
  const pass = 'new';
  const run = await beginRun(db, { accountId: account.id, pass, kind: 'live', at: engine.clock.now() });
  const connection = await openConnection(engine, account);
  const it: PassRun = {
    engine,
    account,
    ...connection,
    ...findPass(connection.connector, pass),
    run,
    kind: 'live',
    read: { calls: 0, pages: 0, rows: 0 },
    signal: new AbortController().signal,
  };
  return () => readConversions(it, { start: START, end: NOW, pass: it.pass, ids: [] });
}

/** Awin's connector, with these answers in place of a network. */
function answering(answers: Iterable<string>): Connector {
  const conversions = {
    ...awin.streams.conversions,
    async *pages(): AsyncGenerator<Page> {
      for (const text of answers) yield parseJson(text) as Page;
    },
  };
  return { ...awin, streams: { ...awin.streams, conversions } };
}

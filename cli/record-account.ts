import axios, { type AxiosAdapter } from 'axios';
import { routeTo } from '../connectors/kit/address.ts';
import { recordPass } from '../connectors/record.ts';
import type { ReplayResult } from '../connectors/recording.ts';
import { writeRecording } from '../connectors/recording-files.ts';
import { replay } from '../connectors/replay.ts';
import { addDays } from '../core/time-window.ts';
import type { Account } from '../db/queries/accounts.ts';
import { openIds } from '../db/queries/open-ids.ts';
import { findPass, openConnection } from '../workers/pass-run.ts';
import type { Session } from './session.ts';

export interface RecordWish {
  readonly pass: string;
  /** Folder. */
  readonly out: string;
  readonly days: number;
}

export interface RecordAnswer {
  readonly folder: string;
  readonly responses: number;
  /** What the recording comes to when it is replayed. */
  readonly result: ReplayResult;
}

/** Runs one pass of an account for its last days and keeps what the network answered, with what it comes to. */
export async function recordAccount(
  { engine, db, signal }: Session,
  account: Account,
  { pass: passName, out, days }: RecordWish,
): Promise<RecordAnswer> {
  const { connector, credentials } = await openConnection(engine, account, signal);
  const { stream, pass } = findPass(connector, passName);
  const end = engine.clock.now();
  const window = { start: addDays(end, -Math.min(days, pass.maxWindowDays)), end };
  const { recording } = await recordPass({
    connector,
    credentials,
    clock: engine.clock,
    limiter: engine.limiter,
    tokens: engine.tokensFor(account.id),
    signal,
    stream,
    passName,
    window,
    ids: pass.by === 'open-ids' ? await someOpenIds(db, account.id, pass) : [],
    inner: engine.adapter ?? networkAt(account.origin),
  });
  const result = await replay(recording, connector);
  await writeRecording(out, recording, result);
  return { folder: out, responses: recording.case.responses.length, result };
}

/** The way over the network. A sandbox stands in for it here, below the recording, which keeps the real addresses. */
function networkAt(origin: string | null): AxiosAdapter {
  const http = axios.getAdapter('http');
  return (config) => http({ ...config, url: routeTo(new URL(config.url ?? ''), origin ?? undefined) });
}

async function someOpenIds(
  db: Session['db'],
  accountId: number,
  pass: ReturnType<typeof findPass>['pass'],
): Promise<string[]> {
  const statuses = pass.openStatuses ?? ['pending', 'approved'];
  for await (const ids of openIds(db, accountId, { statuses, size: pass.idsPerQuestion ?? 1 })) return ids;
  return [];
}

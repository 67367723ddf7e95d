import {
  asTributaryError,
  CredentialsRefusedError,
  RateLimitedError,
  SchemaDriftError,
  StaleRunError,
} from '../core/errors.ts';
import { HOUR_MS } from '../core/time-window.ts';
import type { RunHandle } from '../db/fence.ts';
import { clearTrouble, noteTrouble, pauseAccount } from '../db/queries/accounts.ts';
import { countFailure } from '../db/queries/checkpoints.ts';
import { saveDriftSample } from '../db/queries/drift.ts';
import { endRun, type ReadCounts } from '../db/queries/runs.ts';
import type { Engine } from './engine.ts';

/** Waits shorter than this are everyday life of a limited network and no trouble of the account. */
const TROUBLESOME_WAIT_MS = HOUR_MS;

/** Closes a run that has reached its end. */
export async function settleDone(engine: Engine, run: RunHandle, pass: string, read: ReadCounts): Promise<void> {
  await endRun(engine.db, run, { state: 'done', at: engine.clock.now(), read });
  await clearTrouble(engine.db, run.accountId);
  engine.log.info({ account: run.accountId, run: run.runId, pass, ...read }, 'synced');
}

/**
 * Closes a run that has thrown: the run and the account keep what happened in the network's words, a refused key pauses the
 * account, a changed answer leaves its sample. Returns what the queue shall see. A database that is gone cannot be told; the
 * next run calls this one abandoned.
 */
export async function settleFailed(
  engine: Engine,
  run: RunHandle,
  pass: string,
  read: ReadCounts,
  thrown: unknown,
): Promise<unknown> {
  if (thrown instanceof StaleRunError) return thrown;
  const error = asTributaryError(thrown);
  const { db, clock } = engine;
  const at = clock.now();
  const isGivenBack = error instanceof RateLimitedError || isAbort(thrown);
  const details = { account: run.accountId, run: run.runId, pass, code: error.code, networkWords: error.networkWords };
  engine.log[isGivenBack ? 'info' : 'warn'](details, isGivenBack ? `given back: ${error.message}` : error.message);
  try {
    await endRun(db, run, { state: isGivenBack ? 'given back' : 'failed', at, read, error });
    if (isAbort(thrown)) return thrown;
    if (error instanceof RateLimitedError) {
      if (error.retryAfterMs >= TROUBLESOME_WAIT_MS) await noteTrouble(db, run.accountId, error, at);
      return thrown;
    }
    await countFailure(db, run.accountId, pass);
    if (error instanceof SchemaDriftError) await saveDriftSample(db, run, pass, error, at);
    if (error instanceof CredentialsRefusedError) await pauseAccount(db, run.accountId, error, at);
    else await noteTrouble(db, run.accountId, error, at);
  } catch (cause) {
    engine.log.error(
      { ...details, cause: cause instanceof Error ? cause.message : String(cause) },
      'the run could not be closed',
    );
  }
  return thrown;
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}

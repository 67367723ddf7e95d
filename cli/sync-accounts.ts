import { asTributaryError, RateLimitedError, SetupError } from '../core/errors.ts';
import { type Account, findAccount, listAccounts } from '../db/queries/accounts.ts';
import { newestRun } from '../db/queries/runs.ts';
import { passesOf } from '../workers/pass-run.ts';
import { syncPass } from '../workers/sync-pass.ts';
import { accountNamed, accountWord } from './account-word.ts';
import { whenFree } from './busy.ts';
import { type ErrorReport, errorReport, isStop } from './explain.ts';
import type { Session } from './session.ts';

/** What became of one pass of one account. */
export interface PassOutcome {
  readonly account: string;
  readonly pass: string;
  /** `later`: another run has the account, or the network asks to wait. */
  readonly outcome: 'done' | 'paused' | 'later' | 'failed';
  readonly rows: number;
  readonly created: number;
  readonly changed: number;
  readonly setAside: number;
  readonly error: ErrorReport | null;
}

export interface SyncWish {
  readonly account?: string | undefined;
  readonly pass?: string | undefined;
  readonly wait?: boolean | undefined;
}

/** Hears what is going on while it goes on. */
export interface SyncWatch {
  started(account: string, pass: string): void;
  waiting(account: string): void;
  ended(outcome: PassOutcome): void;
}

const NOTHING_READ = { rows: 0, created: 0, changed: 0, setAside: 0 } as const;

/**
 * Runs the live passes of the accounts that are meant, in this process: several accounts side by side, the passes of each
 * one after the other. What fails for one account is told and does not keep the others from their turn.
 */
export async function syncAccounts(session: Session, wish: SyncWish, watch: SyncWatch): Promise<PassOutcome[]> {
  const accounts = await accountsMeant(session, wish.account);
  const jobs = accounts.map((account) => ({ account, passes: passNames(session, account, wish.pass) }));
  if (wish.pass !== undefined && accounts.length > 0 && jobs.every(({ passes }) => passes.length === 0)) {
    const known = accounts.flatMap((account) => passNames(session, account, undefined));
    throw new SetupError(`There is no pass "${wish.pass}". Known are: ${[...new Set(known)].join(', ')}.`);
  }
  const outcomes: PassOutcome[] = [];
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      for (const pass of job.passes) {
        const outcome = await syncOne(session, job.account, pass, { wait: wish.wait === true, watch });
        outcomes.push(outcome);
        watch.ended(outcome);
        if (outcome.outcome === 'paused') break;
      }
    }
  };
  // All of them come to rest before the session closes under them.
  const ends = await Promise.allSettled(Array.from({ length: session.config.concurrency }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return outcomes;
}

export async function accountsMeant({ db }: Pick<Session, 'db'>, word: string | undefined): Promise<Account[]> {
  return word === undefined ? listAccounts(db) : [await accountNamed(db, word)];
}

function passNames({ engine }: Session, account: Account, wanted: string | undefined): string[] {
  const names = passesOf(engine.connectorById(account.network)).map(({ name }) => name);
  return wanted === undefined ? names : names.filter((name) => name === wanted);
}

async function syncOne(
  session: Session,
  { id, ...account }: Account,
  pass: string,
  { wait, watch }: { readonly wait: boolean; readonly watch: SyncWatch },
): Promise<PassOutcome> {
  const { db, engine, signal } = session;
  const named = { account: accountWord(account), pass };
  if ((await findAccount(db, id))?.state === 'paused') {
    return { ...named, outcome: 'paused', ...NOTHING_READ, error: null };
  }
  watch.started(named.account, pass);
  try {
    const onWait = () => watch.waiting(named.account);
    await whenFree(session, { wait, onWait }, () => syncPass(engine, { accountId: id, pass, kind: 'live' }, signal));
    const { rows, created, changed, setAside } = (await newestRun(db, id, pass, 'live')) ?? NOTHING_READ;
    return { ...named, outcome: 'done', rows, created, changed, setAside, error: null };
  } catch (thrown) {
    if (isStop(thrown)) throw thrown;
    const error = asTributaryError(thrown);
    const isLater = error.code === 'busy' || error instanceof RateLimitedError;
    return { ...named, outcome: isLater ? 'later' : 'failed', ...NOTHING_READ, error: errorReport(error) };
  }
}

import type { Connector } from '../connectors/contract.ts';
import { connectors } from '../connectors/registry.ts';
import { type Health, healthOf } from '../core/health.ts';
import { type Decimal, plainAmount, sum } from '../core/money.ts';
import type { Database } from '../db/client.ts';
import { type Account, listAccounts } from '../db/queries/accounts.ts';
import {
  disabledPasses,
  type MoneyLine,
  moneyByAccount,
  type PassProgress,
  passProgress,
  rhythms,
  setAsideCounts,
} from '../db/queries/status.ts';
import { passesOf } from '../workers/pass-run.ts';
import { accountWord } from './account-word.ts';
import { type BackfillProgress, backfillProgress } from './backfill-progress.ts';
import { nextStep } from './next-step.ts';

/** What we know, as of one moment: every account with its health and its money, and totals for each currency. */
export interface StatusReport {
  readonly asOf: Date;
  readonly accounts: readonly AccountStatus[];
  /** Never across currencies. */
  readonly totals: readonly Money[];
  /** Accounts whose figures may not be all that their networks have. */
  readonly lacking: readonly string[];
}

export interface AccountStatus extends Health {
  readonly id: number;
  readonly network: string;
  readonly name: string;
  /** Every conversion before it has been asked for. */
  readonly completeUntil: Date | null;
  /** One entry for each currency. */
  readonly money: readonly Money[];
  /** History still to read. */
  readonly backfills: readonly BackfillProgress[];
  readonly gaps: readonly Gap[];
  readonly setAside: { readonly rows: number; readonly reason: string } | null;
  readonly trouble: Trouble | null;
}

/** Amounts as plain text: at least two decimal places. */
export interface Money extends Readonly<Record<AmountName, string>> {
  readonly currency: string;
}
export const AMOUNT_NAMES = ['pending', 'approved', 'paid', 'reversed', 'corrections', 'net'] as const;
type AmountName = (typeof AMOUNT_NAMES)[number];

/** A stretch of time that the network no longer tells. */
export interface Gap {
  readonly pass: string;
  readonly start: Date;
  readonly end: Date;
  readonly nextStep: string;
}

export interface Trouble {
  readonly message: string;
  readonly networkWords: string | null;
  readonly since: Date | null;
  readonly nextStep: string | null;
}

/** Gathers the whole of it in a handful of queries, however many accounts there are. */
export async function statusReport(db: Database, now: Date): Promise<StatusReport> {
  const accounts = await listAccounts(db);
  const money = await moneyByAccount(db);
  const progress = await passProgress(db);
  const disabled = new Set((await disabledPasses(db)).map(({ accountId, pass }) => `${accountId} ${pass}`));
  const rhythmOf = new Map((await rhythms(db)).map((rhythm) => [rhythm.accountId, rhythm]));
  const setAsideOf = new Map((await setAsideCounts(db)).map((count) => [count.accountId, count]));
  const statuses = accounts.map((account): AccountStatus => {
    const connector = connectors.find(({ id }) => id === account.network);
    const own = new Map(progress.filter(({ accountId }) => accountId === account.id).map((one) => [one.pass, one]));
    const passes = connector ? passesOf(connector).filter(({ name }) => !disabled.has(`${account.id} ${name}`)) : [];
    const { lastConversionAt = null, usualGapMs = null } = rhythmOf.get(account.id) ?? {};
    const scheduled = passes.map((pass) => ({ ...pass, lastDoneAt: own.get(pass.name)?.lastDoneAt ?? null }));
    const setAside = setAsideOf.get(account.id);
    return {
      id: account.id,
      network: account.network,
      name: account.name,
      ...healthOf({ ...account, passes: scheduled, lastConversionAt, usualGapMs }, now),
      completeUntil: connector ? completeUntil(connector, own) : null,
      money: money.filter(({ accountId }) => accountId === account.id).map(plainMoney),
      backfills: connector ? openBackfills(connector, account, own) : [],
      gaps: gapsOf(account, connector, own),
      setAside: setAside ? { rows: setAside.rows, reason: setAside.reason } : null,
      trouble: troubleOf(account),
    };
  });
  const lacking = statuses.filter(isLacking).map(accountWord);
  return { asOf: now, accounts: statuses, totals: totalsOf(money), lacking };
}

/** A weekly pass looks again at what others have read: how far it has come says nothing about new rows. */
function completeUntil({ streams }: Connector, own: ReadonlyMap<string, PassProgress>): Date | null {
  const telling = streams.conversions.passes.filter(
    ({ by, every }) => ['created', 'changed', 'snapshot-day'].includes(by) && every !== 'week',
  );
  const ends = telling.map(({ name }) => own.get(name)?.completeUntil?.getTime() ?? null);
  if (ends.length === 0 || ends.includes(null)) return null;
  return new Date(Math.min(...ends.filter((end) => end !== null)));
}

function openBackfills(connector: Connector, account: Account, own: ReadonlyMap<string, PassProgress>) {
  return passesOf(connector).flatMap((pass) => {
    const progress = backfillProgress(pass, own.get(pass.name), account, connector);
    return progress && progress.windowsLeft > 0 ? [progress] : [];
  });
}

function gapsOf(account: Account, connector: Connector | undefined, own: ReadonlyMap<string, PassProgress>): Gap[] {
  const step = connector?.files
    ? `Download a report of these days at the network: tributary import <file> --account ${accountWord(account)}`
    : 'Compare these days with the pages of the network: no file of it can be imported.';
  return [...own.values()].flatMap(({ pass, gapStart, gapEnd }) =>
    gapStart && gapEnd ? [{ pass, start: gapStart, end: gapEnd, nextStep: step }] : [],
  );
}

function troubleOf(account: Account): Trouble | null {
  const { troubleCode, trouble, networkWords, troubleSince } = account;
  if (troubleCode === null) return null;
  const step = nextStep(troubleCode, accountWord(account));
  return { message: trouble ?? troubleCode, networkWords, since: troubleSince, nextStep: step };
}

function isLacking({ state, backfills, gaps, setAside }: AccountStatus): boolean {
  const isCurrent = state === 'fresh' || state === 'zero is normal';
  return !isCurrent || backfills.length > 0 || gaps.length > 0 || setAside !== null;
}

function totalsOf(lines: readonly MoneyLine[]): Money[] {
  const currencies = [...new Set(lines.map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const own = lines.filter((line) => line.currency === currency);
    return plainMoney({ currency, ...amounts((name) => sum(own.map((line) => line[name]))) });
  });
}

function plainMoney(line: Pick<MoneyLine, 'currency' | AmountName>): Money {
  return { currency: line.currency, ...amounts((name) => plainAmount(line[name])) };
}

function amounts<T extends string | Decimal>(amount: (name: AmountName) => T): Record<AmountName, T> {
  return Object.fromEntries(AMOUNT_NAMES.map((name) => [name, amount(name)])) as Record<AmountName, T>;
}

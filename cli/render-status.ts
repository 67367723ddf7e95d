import { type Health, healthWords } from '../core/health.ts';
import { accountWord } from './account-word.ts';
import { backfillWords } from './backfill-progress.ts';
import { type Column, counted, lengthOf, minuteOf, paint, paragraphs, table } from './output.ts';
import type { Look } from './shell.ts';
import { type AccountStatus, AMOUNT_NAMES, type Money, type StatusReport } from './status-report.ts';

const ACCOUNT: readonly Column[] = [{ title: 'NETWORK' }, { title: 'ACCOUNT' }];
const HEALTH: readonly Column[] = [{ title: 'STATE' }, { title: 'COMPLETE UNTIL (UTC)' }];
const MONEY: readonly Column[] = [
  { title: 'CUR' },
  ...AMOUNT_NAMES.map((name): Column => ({ title: name.toUpperCase(), align: 'right' })),
];
const NOTHING_EARNED = ['-', ...AMOUNT_NAMES.map(() => '-')];

const STATE_STYLES = {
  fresh: 'green',
  late: 'yellow',
  'zero is normal': 'green',
  broken: 'red',
  paused: 'dim',
} as const;

/** The report as a person reads it: one line for each account and currency, totals, and then what wants attention. */
export function renderStatus(report: StatusReport, look: Look): string {
  if (report.accounts.length === 0) {
    return 'No account is connected yet. Connect the first one: tributary accounts add awin\nWhich networks there are: tributary networks list';
  }
  const notes = report.accounts.flatMap((account) => notesOn(account, look));
  const lacking = report.lacking.length > 0 ? ` These accounts may have more: ${report.lacking.join(', ')}.` : '';
  return paragraphs(tables(report, look), notes.join('\n'), `As of ${minuteOf(report.asOf)} UTC.${lacking}`);
}

/** One table where the terminal is wide enough; else health and money one below the other. */
function tables({ accounts, totals }: StatusReport, look: Look): string {
  const totalLines = totals.map(moneyCells);
  const both = table(
    [...ACCOUNT, ...HEALTH, ...MONEY],
    [
      ...accounts.flatMap((account) =>
        moneyLines(account).map((cells, at) => [...named(account, at), ...healthCells(account, at, look), ...cells]),
      ),
      ...totalLines.map((cells) => ['total', '', '', '', ...cells]),
    ],
    look,
  );
  const { width } = look;
  if (width === undefined || both.split('\n').every((line) => lengthOf(line) <= width)) return both;
  const health = accounts.map((account) => [...named(account, 0), ...healthCells(account, 0, look)]);
  const money = accounts.flatMap((account) =>
    moneyLines(account).map((cells, at) => [...named(account, at), ...cells]),
  );
  return paragraphs(
    table([...ACCOUNT, ...HEALTH], health, look),
    table([...ACCOUNT, ...MONEY], [...money, ...totalLines.map((cells) => ['total', '', ...cells])], look),
  );
}

/** The first line of an account names it; those of its other currencies stand below. */
function named({ network, name }: AccountStatus, line: number): string[] {
  return line === 0 ? [network, name] : ['', ''];
}

function healthCells(account: AccountStatus, line: number, look: Look): string[] {
  return line === 0 ? [stateWords(account, look), minuteOf(account.completeUntil)] : ['', ''];
}

function moneyLines({ money }: AccountStatus): string[][] {
  return money.length > 0 ? money.map(moneyCells) : [NOTHING_EARNED];
}

function moneyCells(money: Money): string[] {
  return [money.currency, ...AMOUNT_NAMES.map((name) => money[name])];
}

/** The state in its colour. */
export function stateWords(health: Pick<Health, 'state' | 'reason'>, look: Look): string {
  return paint(look, STATE_STYLES[health.state], healthWords(health));
}

function notesOn(account: AccountStatus, look: Look): string[] {
  const { detail, trouble, backfills, gaps, setAside } = account;
  const notes: string[] = [];
  if (trouble) {
    const words = trouble.networkWords ? ` The network says: "${trouble.networkWords}"` : '';
    const since = trouble.since ? ` Since ${minuteOf(trouble.since)}.` : '';
    notes.push(`${trouble.message}${words}${since}${trouble.nextStep ? ` ${trouble.nextStep}` : ''}`);
  }
  if (detail) notes.push(detail);
  for (const progress of backfills) notes.push(`Back-fill "${progress.pass}": ${backfillWords(progress)}.`);
  for (const { pass, start, end, nextStep } of gaps) {
    notes.push(`Gap in "${pass}": ${minuteOf(start)} to ${minuteOf(end)} can no longer be asked for. ${nextStep}`);
  }
  if (setAside) {
    const rows = counted(setAside.rows, 'row is', 'rows are');
    notes.push(`${rows} set aside, such as: ${setAside.reason} After a fix: tributary sync --again`);
  }
  return notes.map((note) => `${paint(look, 'bold', accountWord(account))}: ${note}`);
}

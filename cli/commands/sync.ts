import { Command } from '@commander-js/extra-typings';
import { type ReadAgainResult, readAgain } from '../../workers/read-again.ts';
import { accountWord } from '../account-word.ts';
import { examples, globalFlags } from '../answer.ts';
import { whenFree } from '../busy.ts';
import { EXIT } from '../explain.ts';
import { nextStep } from '../next-step.ts';
import { counted, paint, printAnswer, progressLine } from '../output.ts';
import { type Session, withSession } from '../session.ts';
import { type GlobalFlags, type Look, lookOf, type Shell } from '../shell.ts';
import { accountsMeant, type PassOutcome, type SyncWatch, syncAccounts } from '../sync-accounts.ts';

const NO_ACCOUNT = 'No account is connected yet. Connect the first one: tributary accounts add awin';

export function syncCommand(shell: Shell) {
  return new Command('sync')
    .description('read what is new at the networks now, in this process')
    .option('--account <account>', 'only this one: its id, its name, or network/name')
    .option('--pass <name>', 'only this way of asking')
    .option('--wait', 'wait for accounts that another run has, instead of leaving them')
    .option('--again', 'take up rows again that were set aside, with the connectors of today; asks no network')
    .addHelpText('after', examples('sync', 'sync --account awin/main --pass new --wait', 'sync --again'))
    .action(async (options, command) => {
      const flags = globalFlags(command);
      await withSession(shell, flags, async (session) => {
        if (options.again) {
          const results = await readAllAgain(session, options.account, options.wait === true);
          printAnswer(shell, flags, { again: results }, ({ again }) => again.map(againWords).join('\n') || NO_ACCOUNT);
          return;
        }
        const watch = watchOn(shell, flags);
        const synced = await syncAccounts(session, options, watch);
        printAnswer(shell, flags, { synced }, summary);
        shell.exitCode = exitCodeFor(synced);
      });
    });
}

interface AccountReadAgain extends ReadAgainResult {
  readonly account: string;
}

/** Takes up the set-aside rows of the accounts that are meant. */
async function readAllAgain(session: Session, word: string | undefined, wait: boolean) {
  const results: AccountReadAgain[] = [];
  for (const account of await accountsMeant(session, word)) {
    const result = await whenFree(session, { wait }, () => readAgain(session.engine, account));
    results.push({ account: accountWord(account), ...result });
  }
  return results;
}

function againWords({ account, saved, settled, waiting }: AccountReadAgain): string {
  return `${account}: ${counted(saved, 'conversion')} saved, ${counted(settled, 'row')} settled without a change, ${counted(waiting, 'row')} still set aside`;
}

/** A failure outweighs a wait: a script must hear of it first. */
export function exitCodeFor(synced: readonly Pick<PassOutcome, 'outcome'>[]): number {
  if (synced.some(({ outcome }) => outcome === 'failed')) return EXIT.failed;
  return synced.some(({ outcome }) => outcome === 'later') ? EXIT.later : EXIT.fine;
}

/** A line for each pass as it ends; on a terminal, also what is under way. */
function watchOn(shell: Shell, flags: GlobalFlags): SyncWatch {
  const progress = progressLine(shell, flags);
  const look = lookOf(shell);
  return {
    started: (account, pass) => progress.show(`${account}  ${pass} …`),
    waiting: (account) => progress.show(`${account} is being synced by another run; waiting …`),
    ended: (outcome) => {
      progress.clear();
      if (!flags.json) shell.out.write(`${outcomeLine(outcome, look)}\n`);
    },
  };
}

function outcomeLine({ account, pass, outcome, error, ...counts }: PassOutcome, look: Look): string {
  const name = `${account}  ${pass}`;
  if (outcome === 'paused') return `${account}  ${paint(look, 'dim', `paused: tributary accounts resume ${account}`)}`;
  if (outcome === 'done') {
    const setAside = counts.setAside > 0 ? `, ${counts.setAside} set aside` : '';
    return `${name}  ${counted(counts.rows, 'row')} read, ${counts.created} new, ${counts.changed} changed${setAside}`;
  }
  const words = error?.networkWords ? ` The network says: "${error.networkWords}"` : '';
  const step = error ? nextStep(error.code, account) : null;
  const state = paint(look, outcome === 'later' ? 'yellow' : 'red', outcome === 'later' ? 'later' : 'failed');
  return `${name}  ${state}: ${error?.message ?? ''}${words}${step ? ` ${step}` : ''}`;
}

function summary({ synced }: { readonly synced: readonly PassOutcome[] }): string {
  if (synced.length === 0) return NO_ACCOUNT;
  const count = (wanted: PassOutcome['outcome']) => synced.filter(({ outcome }) => outcome === wanted).length;
  const [done, later, failed] = [count('done'), count('later'), count('failed')];
  const total = (name: 'created' | 'changed') => synced.reduce((sum, outcome) => sum + outcome[name], 0);
  const rest = [later > 0 ? `${later} later` : '', failed > 0 ? `${failed} failed` : ''].filter(Boolean);
  const passes = [`${counted(done, 'pass', 'passes')} done`, ...rest].join(', ');
  return `${passes}: ${counted(total('created'), 'new conversion')}, ${total('changed')} changed.`;
}

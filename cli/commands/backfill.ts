import { Command } from '@commander-js/extra-typings';
import { SetupError } from '../../core/errors.ts';
import { accountNamed, accountWord } from '../account-word.ts';
import { examples, globalFlags, wholeNumber } from '../answer.ts';
import { backfill, backfillPlan } from '../backfill-account.ts';
import { type BackfillProgress, backfillWords } from '../backfill-progress.ts';
import { minuteOf, printAnswer, progressLine, table } from '../output.ts';
import { withSession } from '../session.ts';
import type { Look, Shell } from '../shell.ts';

interface BackfillAnswer {
  readonly account: string;
  readonly backfills: readonly BackfillProgress[];
}

export function backfillCommand(shell: Shell) {
  return new Command('backfill')
    .description('read the history of an account, newest days first')
    .requiredOption('--account <account>', 'its id, its name, or network/name')
    .option('--days <days>', 'how deep, counted from the day it was connected', wholeNumber(1, 10_000))
    .option('--plan', 'only show what it would cost')
    .addHelpText('after', examples('backfill --account awin/main --days 365 --plan', 'backfill --account awin/main'))
    .action(async ({ account: word, days, plan }, command) => {
      const flags = globalFlags(command);
      await withSession(shell, flags, async (session) => {
        const account = await accountNamed(session.db, word);
        const answer = (backfills: BackfillProgress[]): BackfillAnswer => ({
          account: accountWord(account),
          backfills,
        });
        const planned = await backfillPlan(session, account, days);
        if (plan) return printAnswer(shell, flags, answer(planned), renderPlan);
        if (account.state === 'paused') {
          throw new SetupError(
            `${accountWord(account)} is paused. First: tributary accounts resume ${accountWord(account)}`,
          );
        }
        if (!flags.json)
          shell.err.write('Ctrl-C is safe: what was read is stored, and the next start goes on from there.\n');
        const progress = progressLine(shell, flags);
        const onProgress = (now: BackfillProgress[]) =>
          progress.show(now.map((one) => `${one.pass}: ${backfillWords(one)}`).join('   '));
        try {
          const done = await backfill(session, account, { days, onProgress });
          progress.clear();
          printAnswer(shell, flags, answer(done), renderPlan);
        } finally {
          progress.clear();
        }
      });
    });
}

function renderPlan({ account, backfills }: BackfillAnswer, look: Look): string {
  if (backfills.length === 0)
    return `No history is planned for ${account}. Plan it: tributary backfill --account ${account} --days 365`;
  const right = (title: string) => ({ title, align: 'right' }) as const;
  return table(
    [
      { title: 'PASS' },
      { title: 'READ BACK TO (UTC)' },
      { title: 'GOAL (UTC)' },
      right('DONE'),
      right('WINDOWS LEFT'),
      right('CALLS LEFT'),
      right('MINUTES LEFT'),
    ],
    backfills.map(({ pass, reached, goal, done, windowsLeft, callsLeft, minutesLeft }) => [
      pass,
      minuteOf(reached),
      minuteOf(goal),
      `${Math.floor(done * 100)} %`,
      String(windowsLeft),
      String(callsLeft),
      String(minutesLeft),
    ]),
    look,
  );
}

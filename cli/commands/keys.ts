import { Command } from '@commander-js/extra-typings';
import { rotateMasterKey } from '../../db/rotate-master-key.ts';
import { examples, globalFlags } from '../answer.ts';
import { counted, printAnswer, progressLine } from '../output.ts';
import { withSession } from '../session.ts';
import type { Shell } from '../shell.ts';

export function keysCommand(shell: Shell) {
  const rotate = new Command('rotate')
    .description('make a new master key and seal every account anew; work may go on meanwhile')
    .addHelpText('after', examples('keys rotate'))
    .action(async (_options, command) => {
      const flags = globalFlags(command);
      const progress = progressLine(shell, flags);
      const done = await withSession(shell, flags, ({ db, keys }) =>
        rotateMasterKey(db, keys, (accountId) => progress.show(`account ${accountId} …`)).finally(progress.clear),
      );
      printAnswer(shell, flags, done, ({ accounts, from, to, next }) =>
        [`${counted(accounts, 'account')} moved from master key ${from} to ${to}.`, next].join('\n'),
      );
    });
  return new Command('keys').description('the master key, which seals the keys of the networks').addCommand(rotate);
}

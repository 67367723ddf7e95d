import { Command } from '@commander-js/extra-typings';
import { examples, globalFlags } from '../answer.ts';
import { printAnswer } from '../output.ts';
import { renderStatus } from '../render-status.ts';
import { withSession } from '../session.ts';
import type { Shell } from '../shell.ts';
import { statusReport } from '../status-report.ts';

export function statusCommand(shell: Shell) {
  return new Command('status')
    .description('show every account: its state, how far it is complete, and its money by currency')
    .addHelpText('after', examples('status', 'status --json'))
    .action(async (_options, command) => {
      const flags = globalFlags(command);
      const report = await withSession(shell, flags, ({ db, engine }) => statusReport(db, engine.clock.now()));
      printAnswer(shell, flags, report, renderStatus);
    });
}

import { Command } from '@commander-js/extra-typings';
import { createApiToken } from '../../db/queries/api-tokens.ts';
import { examples, gathered, globalFlags } from '../answer.ts';
import { printAnswer } from '../output.ts';
import { withSession } from '../session.ts';
import type { Shell } from '../shell.ts';

const READ = 'read';

export function tokenCommand(shell: Shell) {
  const create = new Command('create')
    .description('make a token for the HTTP interface; it is shown this once')
    .requiredOption('--name <name>', 'who or what will use it')
    .option('--scope <scope>', `what it may do; several may be given (default: ${READ})`, gathered)
    .addHelpText(
      'after',
      examples('token create --name spreadsheet', 'token create --name ci --scope read --scope sync'),
    )
    .action(async ({ name, scope: scopes = [READ] }, command) => {
      const flags = globalFlags(command);
      const made = await withSession(shell, flags, ({ db }) => createApiToken(db, name, scopes));
      printAnswer(shell, flags, { ...made, name, scopes }, ({ id, token }) =>
        [`Token ${id} for "${name}" (${scopes.join(', ')}). Keep it now, it is not shown again:`, token].join('\n'),
      );
    });
  return new Command('token').description('tokens for the HTTP interface').addCommand(create);
}

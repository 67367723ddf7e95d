import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { CommanderError } from 'commander';
import { withSettingFiles } from '../db/setting-files.ts';
import { examples } from './answer.ts';
import { accountsCommand } from './commands/accounts.ts';
import { backfillCommand } from './commands/backfill.ts';
import { connectorCommand } from './commands/connector.ts';
import { dbCommand } from './commands/db.ts';
import { importCommand } from './commands/import.ts';
import { keysCommand } from './commands/keys.ts';
import { networksCommand } from './commands/networks.ts';
import { queueCommand } from './commands/queue.ts';
import { sandboxCommand } from './commands/sandbox.ts';
import { statusCommand } from './commands/status.ts';
import { syncCommand } from './commands/sync.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import { exitCodeOf, printError } from './explain.ts';
import type { Shell } from './shell.ts';

const EXIT_CODES = `
Exit codes: 0 it went well, 1 it failed or found a difference, 2 it was asked wrongly or a setting is wrong,
75 try again later (busy, or the network asks to wait), 130 stopped by Ctrl-C.`;

/** Runs one command line and returns the code to exit with. Whatever goes wrong has been told by then. */
export async function runCommandLine(args: readonly string[], given: Shell): Promise<number> {
  try {
    const shell = { ...given, env: withSettingFiles(given.env) };
    await createProgram(shell).parseAsync(args, { from: 'user' });
    return shell.exitCode;
  } catch (error) {
    // Help and version have been printed already, and are what was asked for or all that can be said.
    const wasHelp = error instanceof CommanderError && /^commander\.(help|version)/.test(error.code);
    if (!wasHelp) printError(given, { json: args.includes('--json') }, error);
    return exitCodeOf(error);
  }
}

function createProgram(shell: Shell) {
  const program = new Command('tributary')
    .description('Follows every affiliate commission from click to cash. Without a command, it starts: see "up".')
    .version(shell.version)
    .option('--data <folder>', 'where the embedded database and the master key live (TRIBUTARY_DATA, else ./data)')
    .option('--demo', 'work on the demo: its own data folder, ./data-demo, and simulated networks')
    .option('--json', 'answer in JSON, errors too')
    .addHelpText('after', `${examples('up --demo', 'status', 'accounts add awin')}\n${EXIT_CODES}`)
    .addCommand(upCommand(shell), { isDefault: true })
    .addCommand(statusCommand(shell))
    .addCommand(syncCommand(shell))
    .addCommand(backfillCommand(shell))
    .addCommand(accountsCommand(shell))
    .addCommand(importCommand(shell))
    .addCommand(networksCommand(shell))
    .addCommand(connectorCommand(shell))
    .addCommand(dbCommand(shell))
    .addCommand(keysCommand(shell))
    .addCommand(tokenCommand(shell))
    .addCommand(queueCommand(shell))
    .addCommand(sandboxCommand(shell));
  program.hook('preSubcommand', ({ args: [word = ''] }, command) => {
    // A misspelt command would go to the default one as an argument too many.
    if (command.name() === 'up' && word !== 'up' && !word.startsWith('-') && word !== '') {
      const known = program.commands.map((one) => one.name()).join(', ');
      program.error(`There is no command "${word}". Known are: ${known}.`, { code: 'usage', exitCode: 2 });
    }
  });
  speakThrough(shell, program);
  return program;
}

/** Commander writes to the process and ends it; ours writes to the shell and throws, in every command. */
function speakThrough(shell: Shell, command: CommandUnknownOpts): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => shell.out.write(text),
      writeErr: (text) => shell.err.write(text),
      getOutHelpWidth: () => shell.out.columns ?? 100,
      getErrHelpWidth: () => shell.err.columns ?? 100,
      outputError: () => {}, // told where the error is caught
    });
  for (const child of command.commands) speakThrough(shell, child);
}

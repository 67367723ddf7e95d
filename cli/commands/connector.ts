import { Command } from '@commander-js/extra-typings';
import type { ReplayedConversion, ReplayResult } from '../../connectors/recording.ts';
import { readExpected } from '../../connectors/recording-files.ts';
import { connectors } from '../../connectors/registry.ts';
import { replayRecording } from '../../connectors/replay.ts';
import { compareWithExpected } from '../../connectors/replay-result.ts';
import { SetupError } from '../../core/errors.ts';
import { accountNamed } from '../account-word.ts';
import { examples, globalFlags, wholeNumber } from '../answer.ts';
import { EXIT } from '../explain.ts';
import { counted, printAnswer, table } from '../output.ts';
import { recordAccount } from '../record-account.ts';
import { withSession } from '../session.ts';
import type { Look, Shell } from '../shell.ts';

export function connectorCommand(shell: Shell) {
  return new Command('connector')
    .description('recordings of what networks answer, for tests and reports of faults')
    .addCommand(recordCommand(shell))
    .addCommand(replayCommand(shell));
}

function recordCommand(shell: Shell) {
  return new Command('record')
    .description('ask a network once and keep its answers as files, without keys and people')
    .requiredOption('--account <account>', 'its id, its name, or network/name')
    .requiredOption('--pass <name>', 'the way of asking')
    .requiredOption('--out <folder>', 'where the recording goes; one that is there is replaced')
    .option('--days <days>', 'how many days back to ask', wholeNumber(1, 366), 7)
    .addHelpText('after', examples('connector record --account awin/main --pass new --out recordings/awin-new'))
    .action(async ({ account: word, pass, out, days }, command) => {
      const flags = globalFlags(command);
      const answer = await withSession(shell, flags, async (session) =>
        recordAccount(session, await accountNamed(session.db, word), { pass, out, days }),
      );
      printAnswer(shell, flags, answer, ({ responses, folder, result }) => {
        const came = 'error' in result ? `the error "${result.error}"` : counted(result.length, 'conversion');
        return `${counted(responses, 'answer')} in ${folder}; replayed, they come to ${came}.\nKeys and people were removed: look through the files all the same before you share them.`;
      });
    });
}

function replayCommand(shell: Shell) {
  return new Command('replay')
    .description('read a recording as if the network had answered just now; needs neither network nor database')
    .argument('<folder>', 'the recording: case.json and its bodies')
    .option('--check', 'compare with what the recording should come to')
    .addHelpText(
      'after',
      examples('connector replay recordings/awin-new --json', 'connector replay recordings/awin-new --check'),
    )
    .action(async (folder, { check = false }, command) => {
      const result = await replayRecording(folder, connectors);
      const differences = check ? await differencesIn(folder, result) : [];
      printAnswer(shell, globalFlags(command), result, (value, look) => renderReplay(value, check, look));
      for (const difference of differences) shell.err.write(`${difference}\n`);
      const failed = check ? differences.length > 0 : 'error' in result;
      shell.exitCode = failed ? EXIT.failed : EXIT.fine;
    });
}

async function differencesIn(folder: string, result: ReplayResult): Promise<string[]> {
  const expected = await readExpected(folder);
  if (expected === null) {
    throw new SetupError(
      `The recording in ${folder} does not say what it should come to: its case.json names no "expected".`,
    );
  }
  return compareWithExpected(result, expected);
}

const COLUMNS: readonly (keyof ReplayedConversion)[] = [
  'networkTransactionId',
  'status',
  'saleAmount',
  'commissionAmount',
  'currency',
  'occurredAt',
  'programName',
  'subId',
];

function renderReplay(result: ReplayResult, check: boolean, look: Look): string {
  if ('error' in result) return `The network refuses: ${result.error}.`;
  const columns = COLUMNS.map((name) => ({ title: name, align: name.endsWith('Amount') ? 'right' : 'left' }) as const);
  const rows = result.map((row) => COLUMNS.map((name) => row[name] ?? '-'));
  const heading = `${counted(result.length, 'conversion')}${check ? ', compared with what is expected' : ''}.`;
  return rows.length === 0 ? heading : `${table(columns, rows, look)}\n${heading}`;
}

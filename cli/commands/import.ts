import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { SetupError } from '../../core/errors.ts';
import { type ImportFile, type ImportResult, importFile } from '../../workers/import-file.ts';
import { accountNamed, accountWord } from '../account-word.ts';
import { examples, globalFlags } from '../answer.ts';
import { whenFree } from '../busy.ts';
import { counted, paragraphs, printAnswer } from '../output.ts';
import { withSession } from '../session.ts';
import type { Shell } from '../shell.ts';

const MOST_BYTES = 256 * 1024 * 1024;

export function importCommand(shell: Shell) {
  return new Command('import')
    .description('read a report file that you have downloaded at a network')
    .argument('<file>', 'CSV, TSV or XML, as the network gave it; packed with gzip or not')
    .requiredOption('--account <account>', 'its id, its name, or network/name')
    .option('--wait', 'wait where another run has the account')
    .addHelpText('after', examples('import earnings.csv --account amazon-associates/main'))
    .action(async (path, { account: word, wait = false }, command) => {
      const flags = globalFlags(command);
      const file = await readReport(path);
      const answer = await withSession(shell, flags, async (session) => {
        const account = await accountNamed(session.db, word);
        const result = await whenFree(session, { wait }, () => importFile(session.engine, account, file));
        return { account: accountWord(account), file: file.name, ...result };
      });
      printAnswer(shell, flags, answer, renderImport);
    });
}

async function readReport(path: string): Promise<ImportFile> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new SetupError(`${path} is larger than ${MOST_BYTES / 1024 / 1024} MB: split it.`);
    return { name: basename(path), bytes: await readFile(path) };
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new SetupError(`The file ${path} cannot be read (${code}). Check the name.`, { cause });
  }
}

function renderImport(result: ImportResult & { readonly account: string; readonly file: string }): string {
  const { account, file, report, rows, created, changed, replaced, setAside, reasons, days } = result;
  const span = days.length > 0 ? ` It gives ${counted(days.length, 'day')} whole, ${days[0]} to ${days.at(-1)}.` : '';
  const what = `${file} is a ${report} for ${account}: ${counted(rows, 'row')}, ${created} new, ${changed} changed, ${replaced} replaced, ${setAside} set aside.${span}`;
  return paragraphs(what, reasons.map((reason) => `Set aside: ${reason}`).join('\n'));
}

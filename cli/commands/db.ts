import { Command } from '@commander-js/extra-typings';
import { backup } from '../../db/backup.ts';
import { migrate } from '../../db/migrate.ts';
import { restore } from '../../db/restore.ts';
import { type Difference, rebuildTotals, verify } from '../../db/verify.ts';
import { accountNamed } from '../account-word.ts';
import { examples, globalFlags } from '../answer.ts';
import { EXIT } from '../explain.ts';
import { counted, paragraphs, printAnswer, table } from '../output.ts';
import { type Session, withDatabasePlace, withSession } from '../session.ts';
import type { Look, Shell } from '../shell.ts';

export function dbCommand(shell: Shell) {
  return new Command('db')
    .description('the database: bring up to date, check against the ledger, back up, restore')
    .addCommand(migrateCommand(shell))
    .addCommand(verifyCommand(shell))
    .addCommand(backupCommand(shell))
    .addCommand(restoreCommand(shell));
}

function migrateCommand(shell: Shell) {
  return new Command('migrate')
    .description('bring the database up to date; every start does it too')
    .addHelpText('after', examples('db migrate'))
    .action(async (_options, command) => {
      const flags = globalFlags(command);
      const migrated = await withDatabasePlace(shell, flags, ({ url }) => migrate(url));
      printAnswer(shell, flags, { migrated }, () =>
        migrated.length > 0 ? `Migrated: ${migrated.join(', ')}.` : 'The database is up to date.',
      );
    });
}

function verifyCommand(shell: Shell) {
  return new Command('verify')
    .description('recompute everything from the ledger and tell every difference')
    .option('--account <account>', 'only this one: its id, its name, or network/name')
    .option('--rebuild', 'make daily totals anew where they differ, and check again')
    .addHelpText('after', examples('db verify', 'db verify --account awin/main --json'))
    .action(async ({ account, rebuild = false }, command) => {
      const flags = globalFlags(command);
      const differences = await withSession(shell, flags, (session) => verifyBooks(session, account, rebuild));
      printAnswer(shell, flags, { differences }, renderDifferences);
      shell.exitCode = differences.length > 0 ? EXIT.failed : EXIT.fine;
    });
}

/** What differs from the ledger; with `rebuild`, what still does after the totals concerned were made anew. */
async function verifyBooks(
  { db }: Pick<Session, 'db'>,
  word: string | undefined,
  rebuild: boolean,
): Promise<Difference[]> {
  const id = word === undefined ? undefined : (await accountNamed(db, word)).id;
  const differences = await verify(db, id);
  const wrong = new Set(differences.flatMap(({ what, accountId }) => (what === 'daily total' ? [accountId] : [])));
  if (!rebuild || wrong.size === 0) return differences;
  for (const accountId of wrong) await rebuildTotals(db, accountId);
  return verify(db, id);
}

function renderDifferences({ differences }: { readonly differences: readonly Difference[] }, look: Look): string {
  if (differences.length === 0) return 'Everything is what the ledger says.';
  const titles = ['WHAT', 'ACCOUNT', 'WHERE', 'KEPT', 'BY THE LEDGER'];
  const rows = differences.map(({ what, accountId, where, kept, ledger }) => [
    what,
    String(accountId),
    where,
    kept ?? '(nothing)',
    ledger ?? '(nothing)',
  ]);
  return paragraphs(
    table(
      titles.map((title) => ({ title })),
      rows,
      look,
    ),
    `${counted(differences.length, 'difference')}. Daily totals can be made anew: tributary db verify --rebuild. Anything else: keep a backup of this state (tributary db backup <file>) and report it.`,
  );
}

function backupCommand(shell: Shell) {
  return new Command('backup')
    .description('write everything into one file, as of one moment, while work goes on')
    .argument('<file>', 'a new file, such as tributary-2026-03-01.sql.gz')
    .addHelpText('after', examples('db backup tributary-2026-03-01.sql.gz'))
    .action(async (file, _options, command) => {
      const flags = globalFlags(command);
      const done = await withSession(shell, flags, ({ url, engine }) => backup(url, file, engine.clock.now()));
      printAnswer(shell, flags, done, ({ bytes, rows, reminder }) =>
        [`${counted(rows, 'row')} in ${file} (${bytes} bytes).`, reminder].join('\n'),
      );
    });
}

function restoreCommand(shell: Shell) {
  return new Command('restore')
    .description('put a backup into a database that holds nothing yet, all of it or none')
    .argument('<file>', 'what "db backup" has written')
    .addHelpText('after', examples('db restore tributary-2026-03-01.sql.gz --data ./data-restored'))
    .action(async (file, _options, command) => {
      const flags = globalFlags(command);
      const done = await withDatabasePlace(shell, flags, ({ url }) => restore(url, file));
      printAnswer(shell, flags, done, ({ createdAt, rows, reminder }) =>
        [`${counted(rows, 'row')} restored, as of ${createdAt.toISOString()}.`, reminder ?? '']
          .filter(Boolean)
          .join('\n'),
      );
    });
}

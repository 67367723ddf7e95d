import { Command } from '@commander-js/extra-typings';
import { SetupError } from '../../core/errors.ts';
import { pauseAccount, purgeAccount, removeAccount, resumeAccount } from '../../db/queries/accounts.ts';
import { rebuildTotals } from '../../db/verify.ts';
import { openConnection } from '../../workers/pass-run.ts';
import { accountNamed, accountWord } from '../account-word.ts';
import { examples, globalFlags } from '../answer.ts';
import { printAnswer, table } from '../output.ts';
import { stateWords } from '../render-status.ts';
import { type Session, withSession } from '../session.ts';
import type { Look, Shell } from '../shell.ts';
import { type AccountStatus, statusReport } from '../status-report.ts';
import { addAccountCommand, identityWords, knownZone, setKeysCommand } from './accounts-add.ts';

const ACCOUNT = 'its id, its name, or network/name';

export function accountsCommand(shell: Shell) {
  return new Command('accounts')
    .description('the accounts at networks that are read')
    .addCommand(addAccountCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(testCommand(shell))
    .addCommand(setKeysCommand(shell))
    .addCommand(changeCommand(shell, 'pause', 'stop reading an account', pause))
    .addCommand(changeCommand(shell, 'resume', 'go on reading an account, and forget its trouble', resume))
    .addCommand(zoneCommand(shell))
    .addCommand(removeCommand(shell));
}

interface ListedAccount extends Pick<AccountStatus, 'id' | 'network' | 'name' | 'state' | 'reason' | 'detail'> {
  readonly account: string;
}

function listCommand(shell: Shell) {
  return new Command('list')
    .description('show the accounts that are connected')
    .addHelpText('after', examples('accounts list --json'))
    .action(async (_options, command) => {
      const flags = globalFlags(command);
      const report = await withSession(shell, flags, ({ db, engine }) => statusReport(db, engine.clock.now()));
      const accounts = report.accounts.map((one): ListedAccount => {
        const { id, network, name, state, reason, detail } = one;
        return { id, account: accountWord(one), network, name, state, reason, detail };
      });
      printAnswer(shell, flags, { accounts }, renderList);
    });
}

function renderList({ accounts }: { readonly accounts: readonly ListedAccount[] }, look: Look): string {
  if (accounts.length === 0) return 'No account is connected yet. Connect the first one: tributary accounts add awin';
  const rows = accounts.map(({ id, account, ...health }) => [
    String(id),
    account,
    stateWords(health, look),
    health.detail ?? '',
  ]);
  return table([{ title: 'ID', align: 'right' }, { title: 'ACCOUNT' }, { title: 'STATE' }, { title: '' }], rows, look);
}

function testCommand(shell: Shell) {
  return new Command('test')
    .description('ask the network whether the stored key works, and whose it is')
    .argument('<account>', ACCOUNT)
    .addHelpText('after', examples('accounts test awin/main'))
    .action(async (word, _options, command) => {
      const flags = globalFlags(command);
      const answer = await withSession(shell, flags, (session) => testAccount(session, word));
      printAnswer(
        shell,
        flags,
        answer,
        ({ account, identity }) => `${account}: the key works. ${identityWords(identity)}`,
      );
    });
}

/** Asks the network with the stored key. Throws what the network makes of it; the account stays as it is. */
export async function testAccount({ db, engine, signal }: Session, word: string) {
  const account = await accountNamed(db, word);
  const { connector, credentials, http } = await openConnection(engine, account, signal);
  return { account: accountWord(account), identity: await connector.check(http, credentials) };
}

type Change = (session: Session, id: number) => Promise<string>;

/** A command that changes one account and says so in a sentence. */
function changeCommand(shell: Shell, name: string, description: string, change: Change) {
  return new Command(name)
    .description(description)
    .argument('<account>', ACCOUNT)
    .addHelpText('after', examples(`accounts ${name} awin/main`))
    .action(async (word, _options, command) => {
      const flags = globalFlags(command);
      await changeAccount(shell, flags, word, change);
    });
}

async function changeAccount(shell: Shell, flags: ReturnType<typeof globalFlags>, word: string, change: Change) {
  const answer = await withSession(shell, flags, async (session) => {
    const account = await accountNamed(session.db, word);
    return { account: accountWord(account), id: account.id, done: await change(session, account.id) };
  });
  printAnswer(shell, flags, answer, ({ account, done }) => `${account}: ${done}`);
}

async function pause({ db, engine }: Session, id: number): Promise<string> {
  await pauseAccount(db, id, null, engine.clock.now());
  return 'paused. Nothing is read until it is resumed; reports can still be imported.';
}

async function resume({ db }: Session, id: number): Promise<string> {
  await resumeAccount(db, id);
  return 'resumed. A running "tributary up" takes it up within a minute.';
}

function zoneCommand(shell: Shell) {
  return new Command('zone')
    .description('count the days of an account in another time zone; its totals are made anew')
    .argument('<account>', ACCOUNT)
    .argument('<zone>', 'such as Europe/Berlin')
    .addHelpText('after', examples('accounts zone awin/main Europe/Berlin'))
    .action(async (word, zone, _options, command) => {
      const timeZone = knownZone(zone);
      await changeAccount(shell, globalFlags(command), word, async ({ db }, id) => {
        await rebuildTotals(db, id, timeZone);
        return `its days are now counted in ${timeZone}.`;
      });
    });
}

function removeCommand(shell: Shell) {
  return new Command('remove')
    .description('take an account out of service: its key and schedules go, what was read of it stays in the ledger')
    .argument('<account>', ACCOUNT)
    .option('--purge', 'delete everything ever read of it too, for good')
    .option('--yes', 'mean it: --purge cannot be undone')
    .addHelpText('after', examples('accounts remove awin/old', 'accounts remove awin/old --purge --yes'))
    .action(async (word, { purge = false, yes = false }, command) => {
      if (purge && !yes) {
        throw new SetupError('--purge deletes the whole history of the account for good. If you mean it, add --yes.');
      }
      await changeAccount(shell, globalFlags(command), word, async ({ db, engine }, id) => {
        if (purge) await purgeAccount(db, id);
        else await removeAccount(db, id, engine.clock.now());
        return purge
          ? 'removed, with everything that was read of it.'
          : 'removed. What was read of it stays in the ledger.';
      });
    });
}

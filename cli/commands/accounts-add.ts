import { Command, Option } from '@commander-js/extra-typings';
import type { AccountIdentity, Connector } from '../../connectors/contract.ts';
import { secretFields } from '../../connectors/kit/redact.ts';
import { connectorById } from '../../connectors/registry.ts';
import { isTimeZone } from '../../core/config.ts';
import { CredentialsRefusedError, SetupError } from '../../core/errors.ts';
import { type Account, pauseAccount, resumeAccount } from '../../db/queries/accounts.ts';
import { openCredentials, storeCredentials } from '../../db/vault.ts';
import { connectAccount, type NewConnection, parseCredentials, tryCredentials } from '../../workers/connect-account.ts';
import { accountNamed, accountWord } from '../account-word.ts';
import { examples, gathered, globalFlags, wholeNumber } from '../answer.ts';
import { backfillPlan } from '../backfill-account.ts';
import { type BackfillProgress, backfillWords } from '../backfill-progress.ts';
import { askForFields, givenFields } from '../entered-keys.ts';
import { printAnswer } from '../output.ts';
import { type Session, withSession } from '../session.ts';
import type { Shell } from '../shell.ts';

const SET_HELP = 'a field of the key: field=value, field=@file, or field=- for standard input';
const HISTORY_DAYS = 365;

export interface AddedAccount {
  readonly account: string;
  readonly id: number;
  /** No key was given: reports are imported, and nothing is polled. */
  readonly isForFiles: boolean;
  /** Whose account it is, in the network's words; null where it was not asked. */
  readonly identity: AccountIdentity | null;
  readonly backfills: readonly BackfillProgress[];
}

export function addAccountCommand(shell: Shell) {
  return new Command('add')
    .description('connect an account: try its key at the network, seal it, plan its schedules and its history')
    .argument('<network>', 'its id, as in: tributary networks list')
    .option('--name <name>', 'what you call it', 'main')
    .option(
      '--time-zone <zone>',
      'whose days its totals count (default: TRIBUTARY_TIME_ZONE, else that of this machine)',
    )
    .option(
      '--days <days>',
      'how deep to read history, as far as the network tells',
      wholeNumber(0, 10_000),
      HISTORY_DAYS,
    )
    .option('--set <field=value>', SET_HELP, gathered)
    .option('--no-test', 'store the key without asking the network')
    .addOption(new Option('--origin <url>', 'a sandbox that stands in for the network').hideHelp())
    .addHelpText(
      'after',
      examples(
        'accounts add awin',
        'accounts add awin --name blog --set publisherId=440022 --set accessToken=@token.txt',
      ),
    )
    .action(async (network, { name, timeZone, days, set = [], test, origin }, command) => {
      const flags = globalFlags(command);
      const connector = connectorById(network);
      const given = await givenFields(shell, connector, set);
      const credentials = await askForFields(shell, flags, connector, given);
      const added = await withSession(shell, flags, (session) =>
        addAccount(session, {
          network,
          name,
          credentials,
          origin,
          timeZone: knownZone(timeZone ?? session.config.timeZone),
          historyDays: days,
          test,
        }),
      );
      printAnswer(shell, flags, added, renderAdded);
    });
}

export function setKeysCommand(shell: Shell) {
  return new Command('set-keys')
    .description('give an account another key; fields that are not given stay as they are')
    .argument('<account>', 'its id, its name, or network/name')
    .option('--set <field=value>', SET_HELP, gathered)
    .option('--no-test', 'store the key without asking the network')
    .addHelpText('after', examples('accounts set-keys awin/main --set accessToken=@token.txt'))
    .action(async (word, { set = [], test }, command) => {
      const flags = globalFlags(command);
      const answer = await withSession(shell, flags, async (session) => {
        const account = await accountNamed(session.db, word);
        const connector = connectorById(account.network);
        const given = await givenFields(shell, connector, set);
        const fields = set.length > 0 ? given : await askForFields(shell, flags, connector, given);
        if (Object.keys(fields).length === 0) throw new SetupError('Give at least one field: --set field=value');
        const identity = await setKeys(session, account, fields, test);
        return { account: accountWord(account), identity };
      });
      printAnswer(
        shell,
        flags,
        answer,
        ({ account, identity }) => `${account}: ${identityWords(identity)} The key is stored.`,
      );
    });
}

/** Connects an account. Where the network refuses the key, its error is thrown and nothing is stored. */
export async function addAccount(
  session: Session,
  { test, ...wanted }: NewConnection & { readonly test: boolean },
): Promise<AddedAccount> {
  const { engine, keys, db, signal } = session;
  const connector = engine.connectorById(wanted.network);
  const isForFiles = takesFilesOnly(connector, parseCredentials(connector, wanted.credentials));
  const identity = test && !isForFiles ? await tryCredentials(engine, wanted, signal) : null;
  const account = await connectAccount(engine, keys, isForFiles ? { ...wanted, historyDays: 0 } : wanted);
  if (isForFiles) await pauseAccount(db, account.id, null, engine.clock.now());
  const backfills = isForFiles ? [] : await backfillPlan(session, account);
  return { account: accountWord(account), id: account.id, isForFiles, identity, backfills };
}

/** Where a network has report files and no secret was given, there is nothing to ask it with. */
function takesFilesOnly({ files, credentials: schema }: Connector, credentials: Record<string, unknown>): boolean {
  return files !== undefined && secretFields(schema).every((name) => !credentials[name]);
}

/** Replaces fields of an account's key, after the network has taken the new one, and lets it sync again. */
export async function setKeys(
  { engine, keys, db, signal }: Session,
  account: Account,
  fields: Readonly<Record<string, string>>,
  test: boolean,
): Promise<AccountIdentity | null> {
  const { id, network } = account;
  const credentials = parseCredentials(engine.connectorById(network), {
    ...(await keptFields(db, keys, id)),
    ...fields,
  });
  const origin = account.origin ?? undefined;
  const identity = test ? await tryCredentials(engine, { network, credentials, origin }, signal) : null;
  await storeCredentials(db, keys, id, credentials);
  if (account.troubleCode === 'credentials') await resumeAccount(db, id);
  return identity;
}

/** Keys that no longer open are what the owner is about to replace: they are no reason to refuse new ones. */
async function keptFields(db: Session['db'], keys: Session['keys'], id: number): Promise<Record<string, unknown>> {
  try {
    return await openCredentials(db, keys, id);
  } catch (error) {
    if (error instanceof CredentialsRefusedError) return {};
    throw error;
  }
}

export function knownZone(zone: string): string {
  if (isTimeZone(zone)) return zone;
  throw new SetupError(`"${zone}" is not a time zone such as Europe/Berlin or UTC.`);
}

function renderAdded({ account, id, isForFiles, identity, backfills }: AddedAccount): string {
  if (isForFiles) {
    return `${account} is connected (account ${id}) without a key, so nothing is polled. Import its reports: tributary import <file> --account ${account}`;
  }
  const lines = [`${account} is connected (account ${id}). ${identityWords(identity)}`];
  for (const progress of backfills) lines.push(`Back-fill "${progress.pass}": ${backfillWords(progress)}.`);
  lines.push(`A running "tributary up" takes it up within a minute. By hand: tributary sync --account ${account}`);
  return lines.join('\n');
}

/** Whose key it is, for the owner to recognise. */
export function identityWords(identity: AccountIdentity | null): string {
  if (identity === null) return 'The network was not asked.';
  const currency = identity.currency ? `, in ${identity.currency}` : '';
  return `The network knows it as "${identity.label}"${currency}.`;
}

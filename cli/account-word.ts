import { SetupError } from '../core/errors.ts';
import type { Database } from '../db/client.ts';
import { type Account, listAccounts } from '../db/queries/accounts.ts';

/** How an account is called in messages, and how it can be typed: `awin/main`; quoted where a shell would split it. */
export function accountWord({ network, name }: Pick<Account, 'network' | 'name'>): string {
  const word = `${network}/${name}`;
  return /^[\w./@+-]+$/.test(word) ? word : `"${word}"`;
}

/**
 * The account that a word means: its id, `network/name`, its name, or its network where that has one account. Throws a
 * SetupError that lists the known ones where it means none or several.
 */
export async function accountNamed(db: Database, word: string): Promise<Account> {
  const accounts = await listAccounts(db);
  const readings: ((account: Account) => boolean)[] = [
    ({ id }) => String(id) === word,
    ({ network, name }) => `${network}/${name}` === word,
    ({ name }) => name === word,
    ({ network }) => network === word,
  ];
  for (const reading of readings) {
    const [found, another] = accounts.filter(reading);
    if (found && another) {
      throw new SetupError(`"${word}" means several accounts. Say which: ${listed(accounts.filter(reading))}.`);
    }
    if (found) return found;
  }
  throw new SetupError(
    accounts.length === 0
      ? `There is no account "${word}", nor any other yet. Connect one: tributary accounts add <network>`
      : `There is no account "${word}". Known are: ${listed(accounts)}.`,
  );
}

function listed(accounts: readonly Account[]): string {
  return accounts.map((account) => `${accountWord(account)} (${account.id})`).join(', ');
}

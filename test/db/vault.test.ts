import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { CredentialsRefusedError } from '../../core/errors.ts';
import { postgresTokenStore } from '../../db/token-store.ts';
import { forgetCredentials, openCredentials, storeCredentials } from '../../db/vault.ts';
import { credentialsOf, everythingAsText, loadKeys, plant, rejection, tenOClock, useVault } from '../support/vault.ts';

const vault = useVault();

it('opens what it stored, whatever JSON it was', async () => {
  const { db, keys } = vault;
  const [id] = vault.accounts;
  const fields = {
    text: 'a key "with" quotes',
    number: 12,
    flag: false,
    nothing: null,
    list: ['a', { b: 1 }],
    empty: '',
  };
  await storeCredentials(db, keys, id, fields);
  expect(await openCredentials(db, keys, id)).toEqual(fields);
  expect(await openCredentials(db, await loadKeys(vault), id)).toEqual(fields);
});

it('replaces every field, and drops the token that came from the old ones', async () => {
  const { db, keys } = vault;
  await plant(vault);
  const [id] = vault.accounts;
  await storeCredentials(db, keys, id, { apiKey: 'other' });
  expect(await openCredentials(db, keys, id)).toEqual({ apiKey: 'other' });
  expect(await postgresTokenStore(db, keys, id, tenOClock).read()).toBeNull();
});

it('forgets', async () => {
  const { db, keys } = vault;
  await plant(vault);
  const [id, other] = vault.accounts;
  await forgetCredentials(db, id);
  const error = await rejection(openCredentials(db, keys, id));
  expect(error).toBeInstanceOf(CredentialsRefusedError);
  expect(error.message).toBe(`Account ${id} has no credentials stored: enter them.`);
  expect(await openCredentials(db, keys, other)).toEqual(credentialsOf(other));
});

it('stores credentials without a field', async () => {
  const { db, keys } = vault;
  const [id] = vault.accounts;
  await storeCredentials(db, keys, id, {});
  expect(await openCredentials(db, keys, id)).toEqual({});
});

it.each([
  {
    name: 'a changed byte',
    change: sql`update sealed_credentials set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)`,
  },
  { name: 'a cut value', change: sql`update sealed_credentials set sealed = substr(sealed, 1, 20)` },
  {
    name: 'fields of one account swapped',
    change: sql`update sealed_credentials c set sealed = other.sealed from sealed_credentials other
      where c.account_id = other.account_id and c.field <> other.field`,
  },
  {
    name: 'a row of another account',
    change: sql`update sealed_credentials c set sealed = other.sealed from sealed_credentials other
      where other.account_id = (select max(account_id) from account_keys) and other.field = c.field and c.account_id <> other.account_id`,
  },
  {
    name: 'a row and the key of another account',
    change: sql`with moved as (update account_keys k set wrapped = other.wrapped from account_keys other
        where other.account_id = (select max(account_id) from account_keys) and k.account_id <> other.account_id)
      update sealed_credentials c set sealed = other.sealed from sealed_credentials other
      where other.account_id = (select max(account_id) from account_keys) and other.field = c.field and c.account_id <> other.account_id`,
  },
])('does not open $name, and says what to do', async ({ change }) => {
  const { db, keys } = vault;
  await plant(vault);
  await change.execute(db.kysely);
  const [id] = vault.accounts;
  const error = await rejection(openCredentials(db, keys, id));
  expect(error).toBeInstanceOf(CredentialsRefusedError);
  expect(error.message).toMatch(new RegExp(`credentials of account ${id} no longer open.*Enter them again\\.$`));
  await storeCredentials(db, keys, id, credentialsOf(id)); // which heals it
  expect(await openCredentials(db, keys, id)).toEqual(credentialsOf(id));
});

it('shows no secret in tables, errors or what is printed', async () => {
  const { db, keys, dataDir } = vault;
  const [id, other] = vault.accounts;
  const secrets = ['planted+key/äöü?&=', 'planted-nested', 'planted-token'].map(
    (name) => name + randomBytes(9).toString('hex'),
  );
  const [first, second, third] = secrets as [string, string, string];
  await storeCredentials(db, keys, id, { apiKey: first, nested: { list: [second] } });
  const tokens = postgresTokenStore(db, keys, id, tenOClock);
  await tokens.refresh(async () => ({ value: third, expiresAt: new Date('2026-03-01T11:00:00Z') }));
  const printed = [keys, tokens, { accountId: id, pass: 'new' }].map((value) =>
    inspect(value, { depth: 12, showHidden: true }),
  );
  await sql`update sealed_credentials set account_id = ${other} where field = 'apiKey'`.execute(db.kysely);
  await sql`update account_keys set account_id = ${other}`.execute(db.kysely);
  const error = await rejection(openCredentials(db, keys, other));
  printed.push(inspect(error, { depth: 12, showHidden: true }), JSON.stringify(keys), await everythingAsText(db));

  const masterKey = (await readFile(join(dataDir, 'master.key'), 'utf8')).trim().split('\n').at(-1) as string;
  const needles = [...secrets.flatMap(formsOf), ...formsOf(Buffer.from(masterKey, 'base64')), masterKey];
  expect(printed.join('\n')).toContain('sealed_credentials'); // it does look at the tables
  for (const needle of needles) expect(printed.join('\n')).not.toContain(needle);
});

function formsOf(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret as string);
  const forms = [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
  return typeof secret === 'string' ? [...forms, secret, encodeURIComponent(secret), JSON.stringify(secret)] : forms;
}

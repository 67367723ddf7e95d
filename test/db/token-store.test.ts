import { sql } from 'kysely';
import { expect, it, vi } from 'vitest';
import { openDatabase } from '../../db/client.ts';
import { postgresTokenStore } from '../../db/token-store.ts';
import { storeCredentials } from '../../db/vault.ts';
import { credentialsOf, loadKeys, rejection, tenOClock, useVault } from '../support/vault.ts';

const vault = useVault();
const minutes = (count: number) => new Date(tenOClock.now().getTime() + count * 60_000);

/** A store for the first account, which has credentials. */
async function someStore() {
  const { db, keys, accounts } = vault;
  await storeCredentials(db, keys, accounts[0], credentialsOf(accounts[0]));
  return postgresTokenStore(db, keys, accounts[0], tenOClock);
}

/** An exchange that takes a moment and gives another token every time. */
const counting = (lifeMinutes = 60) => {
  let count = 0;
  return vi.fn(async () => {
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { value: `token ${count}`, expiresAt: minutes(lifeMinutes) };
  });
};

it('has none, then keeps the first one across restarts', async () => {
  const { db, accounts } = vault;
  const store = await someStore();
  expect(await store.read()).toBeNull();
  const token = await store.refresh(counting());
  expect(token).toEqual({ value: 'token 1', expiresAt: minutes(60) });
  expect(await postgresTokenStore(db, await loadKeys(vault), accounts[0], tenOClock).read()).toEqual(token);
});

it('exchanges once for all who ask at once, in one process and in several', async () => {
  const { db, url, accounts, keys } = vault;
  const store = await someStore();
  const exchange = counting();
  const elsewhere = openDatabase(url, { max: 1 });
  const others = [
    postgresTokenStore(elsewhere, await loadKeys(vault), accounts[0], tenOClock),
    postgresTokenStore(db, keys, accounts[0], tenOClock),
  ];
  const tokens = await Promise.all([store, store, store, ...others, ...others].map((each) => each.refresh(exchange)));
  await elsewhere.close();
  expect(exchange).toHaveBeenCalledTimes(1);
  expect(new Set(tokens.map((token) => token.value))).toEqual(new Set(['token 1']));
});

it('exchanges once where all were refused the same token', async () => {
  const store = await someStore();
  const exchange = counting();
  const { value: stale } = await store.refresh(exchange);
  const tokens = await Promise.all([1, 2, 3, 4].map(() => store.refresh(exchange, stale)));
  expect(tokens.map((token) => token.value)).toEqual(Array(4).fill('token 2'));
  expect(exchange).toHaveBeenCalledTimes(2);
});

it.each([
  { name: 'has expired', lifeMinutes: -1, exchanges: 2 },
  { name: 'is about to expire', lifeMinutes: 1, exchanges: 2 },
  { name: 'lives', lifeMinutes: 2, exchanges: 1 },
])('refreshes a token that $name: $exchanges exchanges', async ({ lifeMinutes, exchanges }) => {
  const store = await someStore();
  const exchange = counting(lifeMinutes);
  await store.refresh(exchange);
  await store.refresh(exchange);
  expect(exchange).toHaveBeenCalledTimes(exchanges);
});

it('keeps accounts apart', async () => {
  const { db, keys, accounts } = vault;
  const store = await someStore();
  await storeCredentials(db, keys, accounts[1], {});
  await store.refresh(counting());
  expect(await postgresTokenStore(db, keys, accounts[1], tenOClock).read()).toBeNull();
});

it('gives the lock back after an exchange that failed', async () => {
  const store = await someStore();
  const error = await rejection(store.refresh(() => Promise.reject(new Error('The network is down.'))));
  expect(error.message).toBe('The network is down.');
  expect(await store.refresh(counting())).toMatchObject({ value: 'token 1' });
});

it('leaves the pool to the exchange, however many accounts wait', async () => {
  const { url, keys, accounts } = vault;
  await someStore();
  const narrow = openDatabase(url, { max: 1 });
  const store = postgresTokenStore(narrow, keys, accounts[0], tenOClock);
  const exchange = vi.fn(async () => {
    await sql`select 1`.execute(narrow.kysely); // as a rate limit kept in Postgres does
    return { value: 'token', expiresAt: minutes(60) };
  });
  await Promise.all([1, 2, 3, 4].map(() => store.refresh(exchange)));
  await narrow.close();
  expect(exchange).toHaveBeenCalledTimes(1);
});

it('does not keep the token of credentials that were replaced during the exchange', async () => {
  const { db, keys, accounts } = vault;
  const store = await someStore();
  await store.refresh(async () => {
    await storeCredentials(db, keys, accounts[0], { apiKey: 'of somebody else' });
    return { value: 'token of the old ones', expiresAt: minutes(60) };
  });
  expect(await store.read()).toBeNull();
});

it('takes a token that no longer opens for none', async () => {
  const store = await someStore();
  await store.refresh(counting());
  await sql`update access_tokens set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)`.execute(vault.db.kysely);
  expect(await store.read()).toBeNull();
  expect(await store.refresh(counting())).toMatchObject({ value: 'token 1' });
  expect(await store.read()).toMatchObject({ value: 'token 1' });
});

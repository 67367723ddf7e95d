import { describe, expect, it } from 'vitest';
import { fromMicros, sum, toMicros } from '../../core/money.ts';
import { addDays } from '../../core/time-window.ts';
import { type BookEntry, bookAt, totalsOf } from '../../sandbox/book.ts';
import { SimulatedClock } from '../../sandbox/clock.ts';
import { earningsId } from '../../sandbox/lives/amazon-associates.ts';
import { SIMULATED_NETWORKS, type SimulatedNetworkId } from '../../sandbox/merchants.ts';
import { createWorld } from '../../sandbox/world.ts';
import { START } from './sandbox-client.ts';

const END = addDays(START, 120);

function worldOf(seed: number, salesPerDay = 2) {
  return createWorld({ seed, start: START, clock: new SimulatedClock(END), salesPerDay });
}

function booksOf(seeds: readonly number[], network: SimulatedNetworkId, at = END): BookEntry[] {
  return seeds.flatMap((seed) => bookAt(worldOf(seed), network, at));
}

describe('the world', () => {
  it.each(SIMULATED_NETWORKS)('tells the same story twice, in any order of questions: %s', (network) => {
    const [asked, other] = [worldOf(3), worldOf(3)];
    other.salesOfDay(network, 90);
    bookAt(other, network, addDays(START, 20));
    expect(bookAt(asked, network, END)).toEqual(bookAt(other, network, END));
    expect(bookAt(asked, network, END)).not.toEqual(bookAt(worldOf(4), network, END));
  });

  it('goes on for ever without changing its past', () => {
    const [short, long] = [worldOf(5), worldOf(5)];
    bookAt(long, 'cj', addDays(START, 300));
    expect(long.sales('cj', END)).toEqual(short.sales('cj', END));
    expect(bookAt(long, 'cj', END)).toEqual(bookAt(short, 'cj', END));
  });

  it('has about as many sales as it was told, and whole seconds only', () => {
    const sales = worldOf(6, 10).sales('awin', END);
    expect(sales.length).toBeGreaterThan(900);
    expect(sales.length).toBeLessThan(1500);
    expect(sales.every(({ reportedAt }) => reportedAt.getTime() % 1000 === 0)).toBe(true);
  });

  it('makes sixty days of five networks in a moment', () => {
    const before = performance.now();
    for (let seed = 100; seed < 110; seed += 1) {
      const world = worldOf(seed, 1.5);
      for (const network of SIMULATED_NETWORKS) bookAt(world, network, addDays(START, 60));
    }
    expect((performance.now() - before) / 10).toBeLessThan(100);
  });
});

describe('the book', () => {
  const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

  it.each(SIMULATED_NETWORKS)('keeps the identities of money: %s', (network) => {
    for (const currency of ['USD', 'EUR', 'GBP', 'JPY']) {
      const rows = booksOf(SEEDS, network).filter((row) => row.currency === currency);
      const of = (chosen: (row: BookEntry) => boolean) =>
        toMicros(sum(rows.filter(chosen).map((row) => row.commissionAmount)));
      const isNegative = (row: BookEntry) => toMicros(row.commissionAmount) < 0n;
      const gross = of((row) => !isNegative(row));
      const lost = of((row) => row.status === 'reversed' && !isNegative(row)) - of(isNegative);
      const kept = of((row) => row.status !== 'reversed' && !isNegative(row));
      expect(fromMicros(gross - lost)).toBe(fromMicros(kept + of(isNegative)));
    }
  });

  it.each(SIMULATED_NETWORKS)('adds up to its own totals: %s', (network) => {
    const rows = booksOf([1], network);
    const totals = totalsOf(rows);
    expect(totals.reduce((count, total) => count + total.count, 0)).toBe(rows.length);
    const parts = totals.flatMap((total) => [total.positiveCommission, total.negativeCommission]);
    expect(sum(parts)).toBe(sum(rows.map((row) => row.commissionAmount)));
    expect(
      new Set(totals.map(({ programId, day, status, currency }) => `${programId}${day}${status}${currency}`)).size,
    ).toBe(totals.length);
  });

  it.each(SIMULATED_NETWORKS)(
    'gives every row an id of its own, and never a correction that is not reversed: %s',
    (network) => {
      const rows = bookAt(worldOf(9, 40), network, END);
      expect(new Set(rows.map((row) => row.networkTransactionId)).size).toBe(rows.length);
      expect(rows.filter((row) => row.commissionAmount.startsWith('-')).every((row) => row.status === 'reversed')).toBe(
        true,
      );
    },
  );

  it.each([
    { network: 'awin', statuses: ['approved', 'paid', 'pending', 'reversed'] },
    { network: 'cj', statuses: ['approved', 'paid', 'pending', 'reversed'] },
    { network: 'impact', statuses: ['approved', 'paid', 'pending', 'reversed'] },
    { network: 'rakuten', statuses: ['paid', 'pending', 'reversed'] },
    { network: 'amazon-associates', statuses: ['approved', 'reversed'] },
  ] as const)('shows all that happens at $network', ({ network, statuses }) => {
    const rows = booksOf(SEEDS, network, addDays(START, 115));
    expect([...new Set(rows.map((row) => row.status))].sort()).toEqual(statuses);
    expect(rows.some((row) => Number(row.commissionAmount) === 0)).toBe(true);
    expect(rows.some((row) => row.subId === '0071') && rows.some((row) => row.subId === null)).toBe(true);
  });

  it('has sub-cent commissions, amounts without decimals and letters beyond ASCII', () => {
    expect(booksOf(SEEDS, 'cj').some((row) => /\.\d\d[1-9]000$/.test(row.commissionAmount))).toBe(true);
    const yen = booksOf(SEEDS, 'rakuten').filter((row) => row.currency === 'JPY');
    expect(yen.length).toBeGreaterThan(0);
    expect(yen.every((row) => row.commissionAmount.endsWith('.000000'))).toBe(true);
    expect(booksOf(SEEDS, 'impact').some((row) => row.subId === '比較-7')).toBe(true);
  });

  it('nets a sale that was restated at CJ to what is left of it', () => {
    const world = worldOf(2, 20);
    const rows = world.rows('cj', END);
    const restated = rows.filter(({ part }) => part === 'restatement').slice(0, 20);
    expect(restated.length).toBe(20);
    for (const { sale, saleKey } of restated) {
      const group = rows.filter((row) => row.saleKey === saleKey);
      expect(group).toHaveLength(3);
      expect(sum(group.map(({ states }) => states[0].amounts.commission))).toBe(sale.left.commission);
    }
  });

  it('replaces lines of a corrected Amazon file, and leaves the others alone', () => {
    const world = worldOf(2, 6);
    const gone = world.rows('amazon-associates', END).length;
    const corrected = Array.from({ length: 100 }, (_, day) => day).filter((day) => {
      const ids = (at: Date) =>
        new Set(
          bookAt(world, 'amazon-associates', at)
            .filter((row) => world.dayOf(row.occurredAt) === day)
            .map((row) => row.networkTransactionId),
        );
      const [first, second] = [ids(addDays(START, day + 1.9)), ids(addDays(START, day + 3))];
      expect(second.size).toBe(first.size);
      const fresh = [...second].filter((id) => !first.has(id)).length;
      expect(fresh).toBeLessThanOrEqual(1);
      return fresh === 1;
    });
    expect(gone).toBeGreaterThan(0);
    expect(corrected.length).toBeGreaterThan(3);
  });

  it('makes the agreed id of an Amazon line', () => {
    const parts = [
      '1',
      'www.amazon.com',
      'earnings',
      '2026-02-03',
      'mystore-20',
      'B0TEST0001',
      'Amazon.com',
      '',
      '1',
      '24.99',
      '1.12',
      '0',
    ];
    expect(earningsId(parts.join('\u001f'))).toBe('amz-b9e51d8ce33a9678ad2e6e39f0cca437');
  });
});

it('lets time pass only by waiting or by being told to', async () => {
  const clock = new SimulatedClock(START);
  await clock.sleep(90_000);
  expect(clock.now()).toEqual(new Date('2026-01-10T00:01:30Z'));
  clock.advanceTo(START);
  expect(clock.now()).toEqual(new Date('2026-01-10T00:01:30Z'));
  await expect(clock.sleep(1, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});

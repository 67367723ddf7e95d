import { expect, it } from 'vitest';
import { contentHash } from '../../core/content-hash.ts';
import { isRegularMove, STATUSES } from '../../core/conversion.ts';
import { SeenTexts } from '../../core/fingerprint.ts';
import { decimal } from '../../core/money.ts';
import { sale } from '../support/conversions.ts';

it('knows the regular moves of a conversion', () => {
  const moves = STATUSES.flatMap((from) =>
    STATUSES.filter((to) => isRegularMove(from, to)).map((to) => `${from} > ${to}`),
  );
  expect(moves).toEqual([
    'pending > pending',
    'pending > approved',
    'pending > paid',
    'pending > reversed',
    'approved > approved',
    'approved > paid',
    'approved > reversed',
    'paid > paid',
    'paid > reversed',
    'reversed > reversed',
  ]);
});

it('hashes what the ledger follows and nothing that changes by itself', () => {
  const before = contentHash(sale('1'));
  expect(contentHash(sale('1', { raw: { fetched: 'later' }, programName: 'Renamed' }))).toBe(before);
  const moved = [
    { status: 'approved' as const },
    { statusRaw: 'PENDING' },
    { saleAmount: decimal('10.000001') },
    { commissionAmount: decimal('2') },
    { currency: 'USD' },
    { occurredAt: new Date(0) },
    { clickedAt: new Date(0) },
    { updatedAt: new Date(0) },
    { validatedAt: new Date(0) },
    { lockedAt: new Date(0) },
    { paidAt: new Date(0) },
    { programId: '8' },
    { subId: '' },
    { subId: 'a' },
    { saleKey: 'a' },
    { orderRef: 'a' },
    { paymentRef: 'a' },
  ].map((fields) => contentHash(sale('1', fields)));
  expect(new Set([before, ...moved]).size).toBe(moved.length + 1 - 1); // an empty sub-id is no sub-id
});

it('remembers which of many texts it has seen', () => {
  const seen = new SeenTexts();
  for (let id = 0; id < 200_000; id += 1) seen.add(`1.${id}`);
  expect(seen.size).toBe(200_000);
  expect([seen.has('1.199999'), seen.has('1.200000'), seen.has('')]).toEqual([true, false, false]);
});

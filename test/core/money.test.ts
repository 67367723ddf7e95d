import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currencyCode, decimal, fromMicros, isNegative, plainAmount, sum, toMicros } from '../../core/money.ts';

describe('decimal', () => {
  it.each([
    ['10', '10.000000'],
    ['10.5', '10.500000'],
    [' 0.1 ', '0.100000'],
    ['-2.8', '-2.800000'],
    ['+3', '3.000000'],
    ['007.10', '7.100000'],
    ['-0', '0.000000'],
    ['-0.000', '0.000000'],
    ['5.9150000000', '5.915000'],
    ['12345678901234.123456', '12345678901234.123456'],
    [6.03, '6.030000'],
    [0.1, '0.100000'],
    [1e-6, '0.000001'],
    [-120.5, '-120.500000'],
  ])('reads %j as %s', (text, exact) => {
    expect(decimal(text)).toBe(exact);
  });

  it.each(['', ' ', '-', '.5', '5.', '1,000', '1e3', 'NaN', 'Infinity', '0x10', '1.0000001', '123456789012345', '--1'])(
    'refuses %j: an unreadable amount is never 0',
    (text) => {
      expect(() => decimal(text)).toThrow(RangeError);
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1e-7])('refuses the number %d', (number) => {
    expect(() => decimal(number)).toThrow(RangeError);
  });

  it('keeps every amount that six places can hold', () => {
    const micros = fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n });
    fc.assert(fc.property(micros, (amount) => toMicros(decimal(fromMicros(amount))) === amount));
  });

  it('reads a JSON number of at most 15 digits exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999_999, max: 999_999_999 }),
        fc.integer({ min: 0, max: 6 }),
        (digits, places) => {
          const text = (Math.abs(digits) / 10 ** places).toFixed(places);
          expect(decimal(JSON.parse(text) as number)).toBe(decimal(text));
        },
      ),
    );
  });
});

describe('sum', () => {
  it('does not care about order or grouping, and adds what floats cannot', () => {
    expect(sum([decimal('0.1'), decimal('0.2'), decimal('-0.3')])).toBe('0.000000');
    const amounts = fc.array(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }).map(fromMicros));
    fc.assert(
      fc.property(amounts, amounts, (some, others) => {
        expect(sum([sum(some), sum(others)])).toBe(sum([...others, ...some].reverse()));
      }),
    );
  });
});

describe('the other ways of writing money', () => {
  it('tells a negative amount from a zero', () => {
    expect([isNegative(decimal('-0.000001')), isNegative(decimal('-0')), isNegative(decimal('1'))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['10', '10.00'],
    ['5.915', '5.915'],
    ['0.000001', '0.000001'],
    ['-120.5', '-120.50'],
  ])('writes %s for people as %s', (amount, plain) => {
    expect(plainAmount(amount)).toBe(plain);
  });

  it('knows a currency by its three letters', () => {
    expect(currencyCode(' eur ')).toBe('EUR');
    for (const wrong of ['', 'EU', 'EURO', '€', null, undefined]) expect(() => currencyCode(wrong)).toThrow(RangeError);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../core/json.ts';

describe('parseJson', () => {
  it.each([
    ['{"id":12345678901234567890}', { id: '12345678901234567890' }],
    ['{"amount": 123456789012.345678}', { amount: '123456789012.345678' }],
    ['[1, 0.10000000000000001]', [1, '0.10000000000000001']],
    ['{"amount":3.27}', { amount: 3.27 }],
    [
      '{"note":"a, 12345678901234567890, b","n":12345678901234567890}',
      { note: 'a, 12345678901234567890, b', n: '12345678901234567890' },
    ],
    [
      '{"quote":"\\" : 12345678901234567890","n":[12345678901234567890]}',
      { quote: '" : 12345678901234567890', n: ['12345678901234567890'] },
    ],
  ])('keeps the digits of %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it('reads everything else as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\d[\d.eE+-]{13}/.test(text)); // longer numbers keep their digits, as text
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what is not JSON', () => {
    for (const text of ['', '<html>', '{"a":', '{"a":123456789012345678901'])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, daysOf, splitWindow } from '../../core/time-window.ts';

const day = (text: string) => new Date(`2026-03-${text}T00:00:00Z`);

describe('splitWindow', () => {
  it.each([
    { name: 'shorter than one piece', start: '01', end: '03', starts: ['01'] },
    { name: 'exactly one piece', start: '01', end: '08', starts: ['01'] },
    { name: 'one day too many', start: '01', end: '09', starts: ['01', '08'] },
    { name: 'empty', start: '05', end: '05', starts: [] },
    { name: 'backwards', start: '05', end: '01', starts: [] },
  ])('$name', ({ start, end, starts }) => {
    const pieces = splitWindow({ start: day(start), end: day(end) }, 7);
    expect(pieces.map((piece) => piece.start)).toEqual(starts.map(day));
  });

  it('covers the window without a hole or an overlap, in pieces that are short enough', () => {
    const moment = fc
      .integer({ min: 0, max: 400 * 24 * 60 })
      .map((minutes) => new Date(Date.UTC(2025, 0, 1) + minutes * 60_000));
    fc.assert(
      fc.property(moment, moment, fc.integer({ min: 1, max: 45 }), (start, end, maxDays) => {
        const pieces = splitWindow({ start, end }, maxDays);
        if (start >= end) {
          expect(pieces).toEqual([]);
          return;
        }
        expect(pieces[0]?.start).toEqual(start);
        expect(pieces.at(-1)?.end).toEqual(end);
        for (const [at, piece] of pieces.entries()) {
          expect(piece.end.getTime() - piece.start.getTime()).toBeLessThanOrEqual(maxDays * DAY_MS);
          if (at > 0) expect(piece.start).toEqual(pieces[at - 1]?.end);
        }
      }),
    );
  });
});

it('names the days that a half-open window touches', () => {
  expect(daysOf({ start: day('01'), end: day('03') })).toEqual(['2026-03-01', '2026-03-02']);
  expect(daysOf({ start: new Date('2026-03-01T23:59:59Z'), end: new Date('2026-03-02T00:00:01Z') })).toEqual([
    '2026-03-01',
    '2026-03-02',
  ]);
});

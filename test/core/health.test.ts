import { describe, expect, it } from 'vitest';
import { type AccountFacts, healthOf, healthWords } from '../../core/health.ts';
import { DAY_MS, HOUR_MS } from '../../core/time-window.ts';

const NOW = new Date('2026-03-31T12:00:00Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms);

const WELL: AccountFacts = {
  state: 'active',
  troubleCode: null,
  passes: [
    { name: 'new', every: 'hour', lastDoneAt: ago(HOUR_MS) },
    { name: 'settling', every: 'night', lastDoneAt: ago(10 * HOUR_MS) },
    { name: 'again', every: 'week', lastDoneAt: ago(6 * DAY_MS) },
  ],
  lastConversionAt: ago(3 * HOUR_MS),
  usualGapMs: 2 * HOUR_MS,
};
const passes = (every: 'hour' | 'night' | 'week', lastDoneAt: Date | null) => [{ name: 'p', every, lastDoneAt }];

describe('the health of an account', () => {
  it.each<{ name: string; facts: Partial<AccountFacts>; words: string }>([
    { name: 'all passes in time', facts: {}, words: 'fresh' },
    { name: 'paused by its owner', facts: { state: 'paused' }, words: 'paused' },
    {
      name: 'paused by a refused key',
      facts: { state: 'paused', troubleCode: 'credentials' },
      words: 'broken: key refused',
    },
    { name: 'over its quota', facts: { troubleCode: 'quota' }, words: 'broken: quota' },
    { name: 'network down', facts: { troubleCode: 'network' }, words: 'broken: network down' },
    { name: 'another shape', facts: { troubleCode: 'drift' }, words: 'broken: schema drift' },
    { name: 'a bug', facts: { troubleCode: 'fault' }, words: 'broken: our fault' },
    { name: 'a question that is refused', facts: { troubleCode: 'request' }, words: 'broken: our fault' },
    { name: 'hourly, two turns missed', facts: { passes: passes('hour', ago(3 * HOUR_MS)) }, words: 'fresh' },
    { name: 'hourly, a moment more', facts: { passes: passes('hour', ago(3 * HOUR_MS + 1)) }, words: 'late' },
    { name: 'nightly, three days', facts: { passes: passes('night', ago(3 * DAY_MS)) }, words: 'fresh' },
    { name: 'nightly, a moment more', facts: { passes: passes('night', ago(3 * DAY_MS + 1)) }, words: 'late' },
    { name: 'weekly, a month', facts: { passes: passes('week', ago(30 * DAY_MS)) }, words: 'late' },
    {
      name: 'trouble before lateness',
      facts: { troubleCode: 'network', passes: passes('hour', null) },
      words: 'broken: network down',
    },
    { name: 'a pass that was never done', facts: { passes: passes('hour', null) }, words: 'late' },
    {
      name: 'one of several not yet done',
      facts: { passes: [...WELL.passes, ...passes('night', null)] },
      words: 'late',
    },
    { name: 'never a conversion', facts: { lastConversionAt: null, usualGapMs: null }, words: 'zero is normal' },
    { name: 'silent for a day', facts: { lastConversionAt: ago(DAY_MS) }, words: 'fresh' },
    { name: 'silent for more than a day', facts: { lastConversionAt: ago(DAY_MS + 1) }, words: 'zero is normal' },
    {
      name: 'a slow account, three of its gaps',
      facts: { lastConversionAt: ago(9 * DAY_MS), usualGapMs: 3 * DAY_MS },
      words: 'fresh',
    },
    {
      name: 'a slow account, longer',
      facts: { lastConversionAt: ago(9 * DAY_MS + 1), usualGapMs: 3 * DAY_MS },
      words: 'zero is normal',
    },
  ])('$name: $words', ({ facts, words }) => {
    expect(healthWords(healthOf({ ...WELL, ...facts }, NOW))).toBe(words);
  });

  it('says which pass is late, and since when there has been silence', () => {
    expect(healthOf({ ...WELL, passes: passes('hour', ago(DAY_MS)) }, NOW).detail).toBe(
      'The pass "p" was last done at 2026-03-30T12:00:00.000Z.',
    );
    expect(healthOf({ ...WELL, lastConversionAt: ago(2 * DAY_MS) }, NOW).detail).toBe(
      'The network answers, and tells of no conversion since 2026-03-29. Usually one comes every 2 hours.',
    );
  });
});

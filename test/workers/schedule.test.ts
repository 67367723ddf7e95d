import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../core/time-window.ts';
import { nextDue, scheduleFor, type Timing } from '../../workers/schedule.ts';

const IDS = Array.from({ length: 300 }, (_, index) => index + 1);

describe('scheduleFor', () => {
  it.each([
    { every: 'hour', shape: /^\d{1,2} \* \* \* \*$/ },
    { every: 'night', shape: /^\d{1,2} [1-4] \* \* \*$/ },
    { every: 'week', shape: /^\d{1,2} [1-4] \* \* 0$/ },
  ] as const)('$every: the shape of its cron, for every account', ({ every, shape }) => {
    for (const id of IDS) expect(scheduleFor(id, { name: 'new', every }, 'Europe/Berlin').cron).toMatch(shape);
  });

  it('spreads accounts over the hour and passes over the night, and never moves them', () => {
    const hours = IDS.map((id) => scheduleFor(id, { name: 'new', every: 'hour' }, 'UTC').cron);
    expect(new Set(hours).size).toBeGreaterThan(50);
    const nights = IDS.map((id) => scheduleFor(id, { name: 'settling', every: 'night' }, 'UTC').cron);
    expect(new Set(nights).size).toBeGreaterThan(120);
    expect(scheduleFor(1, { name: 'new', every: 'hour' }, 'UTC')).toEqual({ cron: '8 * * * *', timeZone: 'UTC' });
    expect(scheduleFor(1, { name: 'changed', every: 'hour' }, 'UTC')).not.toEqual({
      cron: '8 * * * *',
      timeZone: 'UTC',
    });
  });
});

describe('nextDue on days of 23, 24 and 25 hours', () => {
  /** How often a schedule is due in each local day of the range. */
  function timesPerDay(timing: Timing, from: string, days: number): Record<string, number> {
    const day = new Intl.DateTimeFormat('sv', { timeZone: timing.timeZone, dateStyle: 'short' });
    const counts: Record<string, number> = {};
    const end = Date.parse(from) + days * 24 * HOUR_MS;
    for (let at = nextDue(timing, new Date(from)); at.getTime() < end; at = nextDue(timing, at)) {
      counts[day.format(at)] = (counts[day.format(at)] ?? 0) + 1;
    }
    return counts;
  }

  it.each([
    {
      name: 'Berlin, the hour that is skipped',
      cron: '30 2 * * *',
      timeZone: 'Europe/Berlin',
      from: '2026-03-27T23:00Z',
      days: ['2026-03-28', '2026-03-29', '2026-03-30'],
    },
    {
      name: 'Berlin, the hour that comes twice',
      cron: '30 2 * * *',
      timeZone: 'Europe/Berlin',
      from: '2026-10-23T22:00Z',
      days: ['2026-10-24', '2026-10-25', '2026-10-26'],
    },
    {
      name: 'New York, the hour that is skipped',
      cron: '15 2 * * *',
      timeZone: 'America/New_York',
      from: '2026-03-07T05:00Z',
      days: ['2026-03-07', '2026-03-08', '2026-03-09'],
    },
    {
      name: 'New York, the hour that comes twice',
      cron: '15 1 * * *',
      timeZone: 'America/New_York',
      from: '2026-10-31T04:00Z',
      days: ['2026-10-31', '2026-11-01', '2026-11-02'],
    },
  ])('$name: once a night', ({ cron, timeZone, from, days }) => {
    expect(timesPerDay({ cron, timeZone }, from, 3)).toEqual(Object.fromEntries(days.map((day) => [day, 1])));
  });

  it.each([
    { name: 'spring', from: '2026-03-28T23:00Z', hours: 23 },
    { name: 'autumn', from: '2026-10-24T22:00Z', hours: 25 },
  ])('an hourly pass runs $hours times on the long day of $name', ({ from, hours }) => {
    const day = from.includes('03-28') ? '2026-03-29' : '2026-10-25';
    expect(timesPerDay({ cron: '17 * * * *', timeZone: 'Europe/Berlin' }, from, 2)[day]).toBe(hours);
  });

  it('runs a weekly pass in the night to Sunday of the owner', () => {
    const { cron } = scheduleFor(5, { name: 'again', every: 'week' }, 'Asia/Tokyo');
    const at = nextDue({ cron, timeZone: 'Asia/Tokyo' }, new Date('2026-11-24T00:00Z'));
    const local = new Intl.DateTimeFormat('en', {
      timeZone: 'Asia/Tokyo',
      weekday: 'long',
      hour: 'numeric',
      hourCycle: 'h23',
    });
    expect(local.format(at)).toMatch(/^Sunday.* 0[1-4]$/);
  });

  it.each([
    { cron: '61 * * * *', timeZone: 'UTC' },
    { cron: '5 * * * *', timeZone: 'Mars/Olympus' },
  ])('throws on $cron in $timeZone', (timing) => {
    expect(() => nextDue(timing, new Date())).toThrow();
  });
});

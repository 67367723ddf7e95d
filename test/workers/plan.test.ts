import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pass } from '../../connectors/contract.ts';
import { addDays, DAY_MS } from '../../core/time-window.ts';
import type { Checkpoint } from '../../db/queries/checkpoints.ts';
import { backfillEstimate, historyWindow, livePlan } from '../../workers/plan.ts';

const pass: Pass = { name: 'new', by: 'created', every: 'hour', maxWindowDays: 30, lookbackDays: 2 };
const connectedAt = new Date('2026-03-01T00:00:00Z');
const day = (text: string) => new Date(`2026-${text}T00:00:00Z`);

function checkpoint(fields: Partial<Checkpoint>): Checkpoint {
  return {
    pass: 'new',
    completeUntil: null,
    resumeFrom: null,
    historyReached: null,
    historyGoal: null,
    lastDoneAt: null,
    failures: 0,
    ...fields,
  };
}

describe('livePlan', () => {
  it.each([
    { name: 'starts a look-back before connecting', point: undefined, now: '03-01', starts: ['02-27'] },
    {
      name: 'starts a look-back before the checkpoint',
      point: { completeUntil: day('03-10') },
      now: '03-11',
      starts: ['03-08'],
    },
    {
      name: 'catches up after weeks away',
      point: { completeUntil: day('03-10') },
      now: '05-01',
      starts: ['03-08', '04-07'],
    },
    {
      name: 'goes on with an interrupted sweep',
      point: { completeUntil: day('03-10'), resumeFrom: day('03-20') },
      now: '03-25',
      starts: ['03-20'],
    },
  ])('$name', ({ point, now, starts }) => {
    const plan = livePlan(pass, point && checkpoint(point), connectedAt, day(now));
    expect(plan.windows.map(({ start }) => start)).toEqual(starts.map(day));
    expect(plan.until).toEqual(day(now));
    expect(plan.gap).toBeNull();
  });

  it('asks no further back than the network tells, and says what is lost', () => {
    const plan = livePlan(
      { ...pass, historyDays: 29 },
      checkpoint({ completeUntil: day('03-10') }),
      connectedAt,
      day('05-01'),
    );
    expect(plan.windows[0]?.start).toEqual(day('04-02'));
    expect(plan.gap).toEqual({ start: day('03-10'), end: day('04-02') });
  });

  it('sees no gap in the first reading of a network that tells little', () => {
    expect(
      livePlan({ ...pass, historyDays: 1, lookbackDays: 29 }, undefined, connectedAt, day('03-01')).gap,
    ).toBeNull();
  });

  it('asks for whole days where reports are of whole days', () => {
    const plan = livePlan(
      { ...pass, by: 'snapshot-day' },
      checkpoint({ completeUntil: new Date('2026-03-10T15:30:00Z') }),
      connectedAt,
      day('03-11'),
    );
    expect(plan.windows[0]?.start).toEqual(day('03-08'));
  });

  it('never leaves a moment unasked between two runs, whatever the time of day', () => {
    const moment = fc.integer({ min: 0, max: 60 * DAY_MS }).map((ms) => new Date(connectedAt.getTime() + ms));
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const [first, second] = a < b ? [a, b] : [b, a];
        const before = livePlan(pass, undefined, connectedAt, first);
        const after = livePlan(pass, checkpoint({ completeUntil: before.until }), connectedAt, second);
        expect(after.windows[0]?.start.getTime()).toBeLessThanOrEqual(before.until.getTime());
        expect(after.windows.at(-1)?.end).toEqual(after.until);
      }),
    );
  });
});

describe('historyWindow', () => {
  it('walks backwards to the goal and ends there', () => {
    const windows: string[] = [];
    let reached = connectedAt;
    for (;;) {
      const window = historyWindow(
        pass,
        checkpoint({ historyReached: reached, historyGoal: addDays(connectedAt, -75) }),
      );
      if (!window) break;
      expect(window.end).toEqual(reached);
      windows.push(window.start.toISOString().slice(0, 10));
      reached = window.start;
    }
    expect(windows).toEqual(['2026-01-30', '2025-12-31', '2025-12-16']);
    expect(reached).toEqual(addDays(connectedAt, -75));
  });

  it('has nothing to do where no history was planned', () => {
    expect(historyWindow(pass, undefined)).toBeNull();
    expect(historyWindow(pass, checkpoint({}))).toBeNull();
  });
});

it('estimates what a back-fill still costs, with half of the quota left to live passes', () => {
  const half = checkpoint({ historyReached: addDays(connectedAt, -180), historyGoal: addDays(connectedAt, -360) });
  expect(backfillEstimate(pass, half, connectedAt, { perMinute: 4, parallel: 1 }, 3)).toEqual({
    windowsLeft: 6,
    callsLeft: 18,
    minutesLeft: 9,
    done: 0.5,
  });
  expect(backfillEstimate(pass, undefined, connectedAt, { parallel: 1 }).done).toBe(1);
});

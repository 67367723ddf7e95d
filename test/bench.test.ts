import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { figure, ratio } from '../bench/figure.ts';
import { GOALS, isReached } from '../bench/goals.ts';
import { race } from '../bench/race.ts';
import { performancePage } from '../bench/report.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '..');
const bench = (...args: string[]) =>
  run(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], { cwd: PROJECT });

describe('the bench', () => {
  it('measures every figure on a small scale, and leaves the page as it is', { timeout: 180_000 }, async () => {
    const page = await readFile(join(PROJECT, 'docs/performance.md'), 'utf8');
    const names = GOALS.map(({ name }) => name);
    const { stdout } = await bench(
      '--rows',
      '500',
      '--rounds',
      '1',
      '--sync-rows',
      '2000',
      '--only',
      names.join(','),
      '--json',
    );
    const { figures } = JSON.parse(stdout) as { figures: Record<string, unknown>[] };
    const measured = figures.map(({ name }) => name);
    expect(measured).toEqual(names.filter((name) => name !== 'queue.redis' || measured.includes(name)));
    for (const one of figures) {
      expect(Object.keys(one)).toEqual(['name', 'value', 'unit', 'runs', 'min', 'max']);
      expect(one).toMatchObject({ name: expect.any(String), unit: expect.any(String), value: expect.any(Number) });
      expect(one.runs).toBe(1);
    }
    expect(figures).toContainEqual(expect.objectContaining({ name: 'unchanged.rowsWritten', value: 0, max: 0 }));
    expect(await readFile(join(PROJECT, 'docs/performance.md'), 'utf8')).toBe(page);
  });

  it('refuses what it does not know, and names what it does', async () => {
    await expect(bench('--only', 'pipeline.old')).rejects.toMatchObject({
      stderr: expect.stringContaining('pipeline.new'),
    });
    await expect(bench('--rows', '0')).rejects.toMatchObject({ stderr: expect.stringContaining('above zero') });
  });
});

describe('figures', () => {
  it('are the median of the rounds, with the least and the most', () => {
    expect(figure('a', 'MB', [3, 1, 10])).toEqual({ name: 'a', value: 3, unit: 'MB', runs: 3, min: 1, max: 10 });
    expect(figure('a', 'MB', [4, 1])).toMatchObject({ value: 2.5, runs: 2 });
  });

  it('divide within a round, so that a slow round changes nothing', () => {
    expect(
      ratio('a', 'of b', [
        [1, 10, 1],
        [2, 20, 2],
      ]),
    ).toMatchObject({ value: 0.5, min: 0.5, max: 0.5 });
  });

  it.each([
    { goal: { atLeast: 0.45 }, value: 0.45, reached: true },
    { goal: { atLeast: 0.45 }, value: 0.449, reached: false },
    { goal: { atMost: 2 }, value: 2.1, reached: false },
    { goal: {}, value: 0, reached: true },
    { goal: { atLeast: 1 }, value: Number.NaN, reached: false },
  ])('$value against $goal', ({ goal, value, reached }) => {
    expect(isReached({ value }, { name: 'a', means: '', ...goal })).toBe(reached);
  });

  it('come from rounds that each begin with another contender', async () => {
    const order: string[] = [];
    const runner = (name: string) => async (round: number) => ({ work: async () => order.push(`${name}${round}`) });
    await race(3, { a: runner('a'), b: runner('b') });
    expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  });

  it('stand on the page beside their goals, also when they miss them or are missing', () => {
    const figures = [figure('pipeline.new', 'of bare COPY', [0.4]), figure('ledger.cost', 'of the upsert', [1.2])];
    const page = performancePage({
      command: 'npm run bench',
      measuredAt: '2026-03-01',
      machine: '2 cores',
      versions: 'Node 20',
      load: [0.1, 2],
      rows: 50_000,
      rounds: 3,
      figures,
      notes: ['queue.redis: skipped'],
    });
    expect(page).toContain('| pipeline.new | >= 0.45 | **0.4** (missed) |');
    expect(page).toContain('| ledger.cost | <= 1.35 | **1.2** |');
    expect(page).toContain('| queue.redis | >= 0.85 | not measured |');
    expect(page).toContain('- queue.redis: skipped');
  });
});

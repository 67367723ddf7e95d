import { cpus, totalmem } from 'node:os';
import { SETTINGS } from './bench-server.ts';
import type { Figure } from './figure.ts';
import { GOALS, goalText, isReached } from './goals.ts';

export interface Report {
  readonly command: string;
  readonly measuredAt: string;
  readonly machine: string;
  readonly versions: string;
  /** Runnable processes over the last minute, before and after. */
  readonly load: readonly [before: number, after: number];
  readonly rows: number;
  readonly rounds: number;
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

export function machineText(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

/** The page for people: every figure beside its goal, and how it came about. */
export function performancePage(report: Report): string {
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} = ${value}`);
  return `# Performance

Written by the bench; do not edit. To measure on your own machine, which takes some minutes:

\`\`\`
${report.command}
\`\`\`

| figure | goal | here | rounds | unit |
|---|---|---|---|---|
${GOALS.map((goal) => lineOf(goal, report.figures)).join('\n')}

## What each figure means

${GOALS.map(({ name, means }) => `- **${name}**: ${means}`).join('\n')}

## How to read them

Ratios travel from machine to machine, seconds do not. Both sides of a ratio are measured in the same rounds, each round
begins with another side, and the figure is the median over the rounds; the smallest and the largest stand beside it. Where
they lie far apart, the machine was busy with something else. Database and client share the machine.

The database is the embedded PostgreSQL with the product's schema, in a folder of its own: ${settings.join(', ')}. Before
each measure it is vacuumed and a checkpoint is made, so that the first touch of a page is paid for, as in a nightly run. The
rows are one month of an Awin account: ${count(report.rows)} transactions of about 1.3 kB in answers of 10 000, in 60 programs.
Memory and \`sync.endToEnd\` go over HTTP on loopback, with the network in a process of its own; no rate limit is waited for.

## Behind the figures

${report.notes.map((note) => `- ${note}`).join('\n')}

## This run

- machine: ${report.machine}; load ${report.load.map((load) => load.toFixed(1)).join(' before and ')} after
- versions: ${report.versions}
- ${count(report.rows)} rows, ${report.rounds} rounds, ${report.measuredAt}
`;
}

/** What a person sees in the terminal. */
export function figureLines(figures: readonly Figure[]): string[] {
  return figures.map((measured) => {
    const goal = GOALS.find(({ name }) => name === measured.name);
    const verdict = goal ? `goal ${goalText(goal)}${isReached(measured, goal) ? '' : ', MISSED'}` : '';
    return `${measured.name.padEnd(24)} ${String(measured.value).padStart(9)} ${measured.unit} (${measured.min} to ${measured.max}; ${verdict})`;
  });
}

function lineOf(goal: (typeof GOALS)[number], figures: readonly Figure[]): string {
  const measured = figures.find(({ name }) => name === goal.name);
  if (!measured) return `| ${goal.name} | ${goalText(goal)} | not measured | | |`;
  const { value, unit, runs, min, max } = measured;
  const here = isReached(measured, goal) ? `**${value}**` : `**${value}** (missed)`;
  return `| ${goal.name} | ${goalText(goal)} | ${here} | ${runs}: ${min} to ${max} | ${unit} |`;
}

function count(rows: number): string {
  return rows.toLocaleString('en').replaceAll(',', ' ');
}

import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { Topic } from './bench.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { endToEnd } from './end-to-end.ts';
import type { Figure } from './figure.ts';
import { ledgerCost } from './ledger-cost.ts';
import { memory } from './memory.ts';
import { pipeline } from './pipeline.ts';
import { planTrap } from './plan-trap.ts';
import { queue } from './queue.ts';
import { figureLines, machineText, performancePage, type Report } from './report.ts';
import { saveUnchanged } from './save-unchanged.ts';

const DOCS = join(import.meta.dirname, '../docs');
const TOPICS: readonly Topic[] = [pipeline, saveUnchanged, ledgerCost, planTrap, queue, memory, endToEnd];
const NAMES = TOPICS.flatMap(({ names }) => names);

const program = new Command('bench')
  .description("Measures the product's own path; every figure is a ratio in one run where it can be.")
  .option('--rows <n>', 'rows of each load', wholeNumber, 50_000)
  .option('--rounds <n>', 'rounds of each measure', wholeNumber, 3)
  .option('--sync-rows <n>', 'rows of memory.sync1m', wholeNumber, 1_000_000)
  .option('--only <names>', 'figures to measure, separated by commas; docs/performance.md is left as it is', namesIn)
  .option('--json', 'print the figures as JSON', false);

const { rows, rounds, syncRows, only, json } = program.parse().opts();
const figures: Figure[] = [];
const notes: string[] = [];
const loadBefore = loadavg()[0] ?? 0;
const server = await startBenchServer();
try {
  for (const topic of TOPICS) await measure(server, topic);
} finally {
  await server.stop();
}
if (json) console.log(JSON.stringify({ figures }, null, 2));
if (!only) await keep(server.version);

async function measure(benchServer: BenchServer, { names, measure }: Topic): Promise<void> {
  const wanted = names.filter((name) => !only || only.includes(name));
  if (wanted.length === 0) return;
  const note = (line: string) => notes.push(line);
  const noted = notes.length;
  const measured = await measure({ server: benchServer, rows, rounds, syncRows, note });
  const found = measured.filter(({ name }) => wanted.includes(name));
  figures.push(...found);
  for (const line of [...figureLines(found), ...notes.slice(noted).map((line) => `  ${line}`)]) tell(line);
}

/** Progress goes beside the figures, not among them. */
function tell(line: string): void {
  if (json) console.error(line);
  else console.log(line);
}

async function keep(postgres: string): Promise<void> {
  const report: Report = {
    command: ['npm run bench', ...process.argv.slice(2)].join(' '),
    measuredAt: new Date().toISOString().slice(0, 10),
    machine: machineText(),
    versions: `Node ${process.versions.node}, PostgreSQL ${postgres}`,
    load: [loadBefore, loadavg()[0] ?? 0],
    rows,
    rounds,
    figures,
    notes,
  };
  await writeFile(join(DOCS, 'performance.md'), performancePage(report));
  await writeFile(join(DOCS, 'performance.json'), `${JSON.stringify(report, null, 2)}\n`);
  tell('Written to docs/performance.md and docs/performance.json.');
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A whole number above zero is needed.');
  return Number(text);
}

function namesIn(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`No such figure: ${unknown.join(', ')}. There are: ${NAMES.join(', ')}.`);
  return names;
}

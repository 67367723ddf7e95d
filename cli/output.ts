import { stripVTControlCharacters, styleText } from 'node:util';
import type { GlobalFlags, Look, Shell } from './shell.ts';
import { lookOf } from './shell.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

type Style = Parameters<typeof styleText>[0];

/** Colours a piece of text where the look allows it. */
export function paint({ colour }: Look, style: Style, text: string): string {
  return colour ? styleText(style, text, { validateStream: false }) : text;
}

/** Columns as wide as their widest cell, two spaces apart. Amounts stand to the right. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], look: Look): string {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => lengthOf(row[at] ?? ''))));
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, at) => {
        const cell = cells[at] ?? '';
        const space = ' '.repeat((widths[at] ?? 0) - lengthOf(cell));
        return align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  const head = line(columns.map(({ title }) => title));
  return [paint(look, 'dim', head), ...rows.map(line)].join('\n');
}

/** How wide the text stands, colours left out. */
export function lengthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Pieces of an answer, an empty line between them; empty ones are left out. */
export function paragraphs(...pieces: readonly string[]): string {
  return pieces.filter((piece) => piece !== '').join('\n\n');
}

/** `1 row`, `2 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `2026-03-01 10:00`, in UTC, as the head of its column says. */
export function minuteOf(at: Date | null): string {
  return at ? at.toISOString().slice(0, 16).replace('T', ' ') : '-';
}

/** Prints the answer of a command: as JSON for scripts, else as text for a person. */
export function printAnswer<T>(
  shell: Shell,
  { json = false }: GlobalFlags,
  value: T,
  render: (value: T, look: Look) => string,
): void {
  const text = json ? JSON.stringify(value, null, 2) : render(value, lookOf(shell));
  if (text !== '') shell.out.write(`${text}\n`);
}

/** What is going on at this moment, for whoever watches. */
export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** Nobody reads a log file line by line: there it is enough to see that something still goes on. */
const PLAIN_EVERY_MS = 30_000;

/** On a terminal a line that is written over; elsewhere a plain line now and then; nothing beside an answer in JSON. */
export function progressLine({ err }: Pick<Shell, 'err'>, { json = false }: GlobalFlags): ProgressLine {
  if (json) return { show: () => {}, clear: () => {} };
  if (err.isTTY !== true) return { show: nowAndThen((text) => err.write(`${text}\n`)), clear: () => {} };
  const width = (err.columns ?? 80) - 1;
  return {
    show: (text) => err.write(`\r\u001b[2K${[...text].slice(0, width).join('')}`),
    clear: () => err.write('\r\u001b[2K'),
  };
}

function nowAndThen(say: (text: string) => void): (text: string) => void {
  let saidAt = performance.now();
  return (text) => {
    if (performance.now() - saidAt < PLAIN_EVERY_MS) return;
    saidAt = performance.now();
    say(text);
  };
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../cli/program.ts';
import manifest from '../package.json' with { type: 'json' };

const ROOT = resolve(import.meta.dirname, '..');
const pagesIn = (folder: string, recursive = true): string[] =>
  readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const pages = [
  ...pagesIn('.', false),
  ...['docs', 'connectors', 'sandbox'].flatMap((one) => pagesIn(one)),
  'web/index.html',
];
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The code on a page, a command each: what stands in fences, between backticks or in <code>, without comments. */
function codeOf(page: string): string[] {
  const text = textOf(page).replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  const pieces = [...text.matchAll(/```[a-z]*\n(.*?)```|<code>(.*?)<\/code>|`([^`]+)`/gs)];
  return pieces
    .flatMap(([, fenced, tagged, inline]) => (fenced ?? tagged)?.split('\n') ?? inline?.replaceAll('\n', ' ') ?? [])
    .flatMap((line) => line.replace(/(?:^|\s)#\s.*$/, '').split(/&&|;|\|/))
    .map((command) => command.trim());
}

interface Spoken {
  readonly page: string;
  readonly command: string;
}

const spoken = (pattern: RegExp): Spoken[] =>
  pages.flatMap((page) =>
    codeOf(page).flatMap((line) => {
      const command = pattern.exec(line)?.[1]?.trim();
      return command ? [{ page, command }] : [];
    }),
  );

const unique = <T>(all: readonly T[]): T[] => [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];

describe('every script that a page names is in package.json', () => {
  const scripts = unique(spoken(/\bnpm (?:run )?((?:--silent )?(?!ci\b|install\b)[a-z][a-z:-]*)/));

  it.each(scripts)('$page: npm run $command', ({ command }) => {
    expect(Object.keys(manifest.scripts)).toContain(command);
  });
});

describe('every command that a page names is there, with its flags', () => {
  const commands = unique(
    spoken(/(?:^|\s)(?:npm run tributary --|node cli\/bin\.mjs|npm start --|tributary) ([a-z-].*)/),
  );

  it('finds some', () => expect(commands.length).toBeGreaterThan(20));

  it.each(commands)('$page: tributary $command', async ({ command }) => {
    const words = /^(?:[a-z][a-z-]*(?:\s|$))*/.exec(command)?.[0].trim().split(/\s+/).filter(Boolean) ?? [];
    const help = await helpFor(words);
    const [path = ''] = /^Usage: tributary([a-z -]*?) *(?=[[<\n])/m.exec(help)?.slice(1) ?? ['?'];
    const known = path.trim().split(' ').filter(Boolean);
    expect(known).toEqual(words.slice(0, known.length));
    // Below a group stand commands; a word too many is one that is not there.
    if (words.length > known.length) expect(help).not.toMatch(/^Usage: .*\[command\]/m);
    for (const [flag] of command.matchAll(/(?<=\s|^)--[a-z][a-z-]*/g)) expect(help).toContain(flag);
  });

  it.each(['launch', 'accounts invent'])('would miss "tributary %s"', async (command) => {
    const help = await helpFor(command.split(' '));
    expect(help).not.toContain(`Usage: tributary ${command} `);
  });
});

async function helpFor(words: readonly string[]): Promise<string> {
  let printed = '';
  const write = (text: string) => {
    printed += text;
  };
  await runCommandLine([...words, '--help'], {
    env: {},
    version: manifest.version,
    input: Readable.from([]),
    out: { write, columns: 1_000 },
    err: { write },
    signal: new AbortController().signal,
    exitCode: 0,
  });
  return printed;
}

describe('links', () => {
  const links = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
      /^(?:https?:|mailto:|#)/.test(target) ? [] : [{ page, target: target.replace(/#.*$/, '') }],
    ),
  );

  it.each(unique(links))('$page -> $target', ({ page, target }) => {
    expect(existsSync(join(ROOT, dirname(page), target))).toBe(true);
  });
});

it('docs/operators.md explains every setting', () => {
  const settings = [...textOf('core/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name);
  expect(settings.length).toBeGreaterThan(8);
  const operators = textOf('docs/operators.md');
  expect(settings.filter((name) => !operators.includes(`\`${name}\``))).toEqual([]);
});

it('CI runs the line that the README gives', () => {
  const line = 'npm ci && npm test';
  expect(textOf('README.md')).toContain(`\n${line}\n`);
  expect(textOf('.ci/run')).toContain(`bash -c '${line}'`);
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

interface Source {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

interface Import {
  /** A path of ours, or the name of a package. */
  readonly to: string;
  readonly isOurs: boolean;
}

/** What each folder may import of ours, beside itself. The arrows point one way: nothing here leads back. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  db: ['core'],
  connectors: ['core'],
  workers: ['core', 'db', 'connectors'],
  server: ['core', 'db', 'workers/queue.ts', 'connectors/registry.ts'],
  web: ['core'],
  sandbox: ['core'],
  cli: ['core', 'db', 'connectors', 'workers', 'server', 'sandbox'],
  bench: ['core', 'db', 'connectors', 'workers', 'server', 'sandbox', 'cli'],
};

/** Where a folder may not use every package: those that it may. Node's own modules are free, except in core. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  core: ['zod', 'temporal-polyfill', 'node:crypto'],
  sandbox: ['zod', 'temporal-polyfill', 'axios'],
};

const LONGEST = 300;
/** Written by kysely-codegen. */
const GENERATED = ['db/schema.ts'];

const sources = Object.keys(MAY_IMPORT).flatMap(readFolder);

function readFolder(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:[cm]?ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
    .map(({ path, text }) => ({ path, text, imports: importsOf(path, text) }));
}

/** Every way in which a file can name another: import, export from, import() of values and of types. */
function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined) => {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push(importOf(path, specifier.text));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function importOf(from: string, specifier: string): Import {
  const isOurs = specifier.startsWith('.');
  const to = isOurs
    ? relative(ROOT, resolve(ROOT, dirname(from), specifier))
        .split(sep)
        .join('/')
    : packageOf(specifier);
  return { to, isOurs };
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

const folderOf = (path: string): string => path.split('/', 1).join();

/** Why this import must not be, or null. */
function objection(from: string, { to, isOurs }: Import): string | null {
  const folder = folderOf(from);
  if (!isOurs) return packageObjection(folder, to);
  if (to === 'package.json') return null;
  const network = /^connectors\/(?!kit\/)([^/]+)\//;
  const [reader, read] = [network.exec(from)?.[1], network.exec(to)?.[1]];
  if (reader && read && reader !== read) return 'one network never imports another';
  if (from.startsWith('connectors/kit/') && read) return 'the kit knows no network';
  if (folderOf(to) === folder) return null;
  const mayImport = MAY_IMPORT[folder] ?? [];
  if (!mayImport.includes(folderOf(to)) && !mayImport.includes(to))
    return `${folder} may import ${mayImport.join(', ') || 'nothing'}`;
  return null;
}

function packageObjection(folder: string, to: string): string | null {
  const mayUse = MAY_USE[folder];
  if (!mayUse) return null;
  if (to.startsWith('node:') && folder !== 'core') return null;
  if (!mayUse.includes(to)) return `${folder} may use ${mayUse.join(', ')}`;
  return null;
}

describe('imports point one way', () => {
  it.each(Object.keys(MAY_IMPORT))('%s', (folder) => {
    const wrong = sources
      .filter(({ path }) => folderOf(path) === folder)
      .flatMap(({ path, imports }) =>
        imports.flatMap((one) => {
          const why = objection(path, one);
          return why === null ? [] : [`${path} -> ${one.to}: ${why}`];
        }),
      );
    expect(wrong).toEqual([]);
  });

  it.each([
    { from: 'core/money.ts', text: "import { openDatabase } from '../db/client.ts';" },
    { from: 'core/money.ts', text: "import { readFile } from 'node:fs/promises';" },
    { from: 'db/client.ts', text: "import type { Connector } from '../connectors/contract.ts';" },
    { from: 'connectors/awin/index.ts', text: "export { cj } from '../cj/index.ts';" },
    { from: 'connectors/kit/time.ts', text: "import { awin } from '../awin/index.ts';" },
    { from: 'connectors/registry.ts', text: "const late = await import('../workers/queue.ts');" },
    { from: 'workers/plan.ts', text: "type App = import('../server/app.ts').AppInput;" },
    { from: 'server/app.ts', text: "import { awin } from '../connectors/awin/index.ts';" },
    { from: 'sandbox/serve.ts', text: "import pg from 'pg';" },
    { from: 'sandbox/serve.ts', text: "import { byPage } from '../connectors/kit/paginate.ts';" },
  ])('objects to $from saying $text', ({ from, text }) => {
    expect(importsOf(from, text).map((one) => objection(from, one))).toEqual([expect.any(String)]);
  });
});

describe('the outside world comes in through main files', () => {
  const MAIN = /(?:^|\/)(?:main\.ts|bin\.mjs)$/;
  const OUTSIDE = /\bprocess\.env\b|\bprocess\.(?:on|once|addListener|prependListener)\((?!\s*'exit')/;

  it('only they read the environment and handle signals', () => {
    const reached = sources.filter(({ path, text }) => !MAIN.test(path) && OUTSIDE.test(text));
    expect(reached.map(({ path }) => path)).toEqual([]);
  });
});

describe('size', () => {
  it(`keeps every file to ${LONGEST} lines`, () => {
    const long = sources.filter(
      ({ path, text }) => !GENERATED.includes(path) && text.trimEnd().split('\n').length > LONGEST,
    );
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

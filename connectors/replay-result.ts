import type { ConversionFields } from '../core/conversion.ts';
import { decimal, plainAmount, toMicros } from '../core/money.ts';
import type { Expected, ReplayedConversion, ReplayResult } from './recording.ts';

/** What a recording has taught so far: the last word on each id counts, as it would after saving each page in turn. */
export interface ReplayBooks {
  readonly rows: Map<string, ConversionFields>;
  readonly programNames: Map<string, string>;
  /** Ids that another list calls paid. */
  readonly settled: Set<string>;
}

export function emptyBooks(): ReplayBooks {
  return { rows: new Map(), programNames: new Map(), settled: new Set() };
}

/** Takes one row in. What the network changed earlier never overwrites what it changed later. */
export function keep({ rows }: ReplayBooks, row: ConversionFields): void {
  const known = rows.get(row.networkTransactionId);
  if (known?.updatedAt && row.updatedAt && row.updatedAt < known.updatedAt) return;
  rows.set(row.networkTransactionId, row);
}

/** A day that comes whole replaces what there was of it. */
export function forgetDay({ rows }: ReplayBooks, day: string): void {
  for (const [id, { occurredAt }] of rows) if (occurredAt.toISOString().startsWith(day)) rows.delete(id);
}

/** The final state of every conversion, in the order in which they first appeared. */
export function replayed({ rows, programNames, settled }: ReplayBooks): ReplayedConversion[] {
  return [...rows.values()].map((row) => ({
    networkTransactionId: row.networkTransactionId,
    status: row.status !== 'reversed' && settled.has(row.networkTransactionId) ? 'paid' : row.status,
    saleAmount: plainAmount(row.saleAmount),
    commissionAmount: plainAmount(row.commissionAmount),
    currency: row.currency,
    occurredAt: toSecond(row.occurredAt),
    clickedAt: row.clickedAt ? toSecond(row.clickedAt) : null,
    programId: row.programId ?? null,
    programName: row.programName ?? programNames.get(row.programId ?? '') ?? null,
    subId: row.subId ?? null,
  }));
}

function toSecond(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** Names each difference in a sentence; none where the replay came to what was expected. */
export function compareWithExpected(actual: ReplayResult, expected: Expected): string[] {
  if ('error' in expected || 'error' in actual) {
    const [came, due] = [outcome(actual), outcome(expected)];
    return came === due ? [] : [`The replay came to ${came}, expected was ${due}.`];
  }
  const found = new Map(actual.map((row) => [row.networkTransactionId, row]));
  const differences: string[] = [];
  for (const row of expected) {
    const id = row.networkTransactionId;
    const same = found.get(id);
    if (same) differences.push(...rowDifferences(same, row));
    else differences.push(`Conversion ${id} is missing.`);
    found.delete(id);
  }
  return [...differences, ...[...found.keys()].map((id) => `Conversion ${id} was not expected.`)];
}

function outcome(result: ReplayResult | Expected): string {
  return 'error' in result ? `the error "${result.error}"` : `${result.length} conversions`;
}

function rowDifferences(row: ReplayedConversion, expected: Readonly<Record<string, unknown>>): string[] {
  const actual: Readonly<Record<string, unknown>> = { ...row };
  return Object.entries(expected)
    .filter(([key, value]) => !isSame(key, actual[key], value))
    .map(([key, value]) => {
      const came = JSON.stringify(actual[key]) ?? 'nothing';
      return `Conversion ${row.networkTransactionId}: ${key} is ${came}, expected was ${JSON.stringify(value)}.`;
    });
}

function isSame(key: string, actual: unknown, expected: unknown): boolean {
  if (actual === undefined || actual === null || expected === null) return (actual ?? null) === expected;
  if (key.endsWith('Amount')) return micros(actual) === micros(expected);
  if (key.endsWith('At')) return Date.parse(String(actual)) === Date.parse(String(expected));
  return String(actual) === String(expected);
}

/** Numerically where it is an amount; anything else is compared as it stands. */
function micros(value: unknown): bigint | string {
  try {
    return toMicros(decimal(String(value)));
  } catch {
    return String(value);
  }
}

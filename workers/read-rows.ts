import { z } from 'zod';
import type { Stream } from '../connectors/contract.ts';
import { SchemaDriftError, UnreadableRowError } from '../core/errors.ts';
import type { SetAsideRow } from '../db/queries/set-aside.ts';

export interface ReadRows<Row> {
  readonly good: Row[];
  readonly setAside: SetAsideRow[];
}

export interface RowSource<Fields> {
  readonly stream: Pick<Stream<Fields, Record<string, unknown>>, 'normalise' | 'identify'>;
  readonly name: string;
  readonly pass: string;
  readonly credentials: Record<string, unknown>;
}

/** Of so many rows, when most have lost their shape, it is the answer that has changed and not a row that is odd. */
const ENOUGH_FOR_DRIFT = 5;

/** So many rows hold the event loop for some milliseconds. */
const ROWS_PER_TURN = 250;

/**
 * Reads rows one by one: the unreadable are set aside with their reason and their neighbours are kept. Throws a
 * SchemaDriftError when most rows of a page no longer have the expected shape: then nothing of the page is stored.
 */
export function readRows<Fields, Row>(
  raws: readonly unknown[],
  source: RowSource<Fields>,
  complete: (fields: Fields, raw: unknown) => Row,
): ReadRows<Row> {
  const reading = turns(raws, source, complete);
  while (true) {
    const { done, value } = reading.next();
    if (done) return value;
  }
}

/** The same, asking for a turn every few milliseconds, so that whatever else is under way goes on meanwhile. */
export async function readRowsInTurns<Fields, Row>(
  raws: readonly unknown[],
  source: RowSource<Fields>,
  complete: (fields: Fields, raw: unknown) => Row,
  turn: () => Promise<void>,
): Promise<ReadRows<Row>> {
  const reading = turns(raws, source, complete);
  while (true) {
    await turn();
    const { done, value } = reading.next();
    if (done) return value;
  }
}

function* turns<Fields, Row>(
  raws: readonly unknown[],
  { stream, name, pass, credentials }: RowSource<Fields>,
  complete: (fields: Fields, raw: unknown) => Row,
): Generator<void, ReadRows<Row>> {
  const good: Row[] = [];
  const setAside: SetAsideRow[] = [];
  let shapeless = 0;
  let read = 0;
  for (const raw of raws) {
    if (read > 0 && read % ROWS_PER_TURN === 0) yield;
    read += 1;
    try {
      const fields = stream.normalise(raw, credentials);
      if (fields !== null) good.push(complete(fields, raw));
    } catch (error) {
      if (error instanceof z.ZodError) shapeless += 1;
      const networkTransactionId = identityOf(stream, raw);
      setAside.push({ stream: name, pass, reason: reasonOf(error), raw, networkTransactionId });
    }
  }
  if (raws.length >= ENOUGH_FOR_DRIFT && shapeless > raws.length / 2) throw drift(shapeless, raws.length, setAside[0]);
  return { good, setAside };
}

function identityOf(stream: Pick<RowSource<unknown>['stream'], 'identify'>, raw: unknown): string | null {
  try {
    return stream.identify?.(raw) ?? null;
  } catch {
    return null; // a row without an id has none
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return `${issue?.path.join('.') || 'The row'}: ${issue?.message ?? 'not as expected'}`;
  }
  if (error instanceof UnreadableRowError || error instanceof RangeError) return error.message;
  return `The connector could not read it: ${error instanceof Error ? error.message : String(error)}`;
}

function drift(shapeless: number, all: number, first: SetAsideRow | undefined): SchemaDriftError {
  const sample = {
    method: 'row',
    url: '',
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify(first?.raw),
  };
  return new SchemaDriftError(
    `${shapeless} of ${all} rows no longer have the expected shape (${first?.reason}). Nothing of them was stored.`,
    sample,
  );
}

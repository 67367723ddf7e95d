import type { Drift, Fault } from './faults.ts';
import type { Random } from './random.ts';
import { html, type Listing, type WireAnswer } from './wire.ts';

type Json = Record<string, unknown>;

/** A listing in another shape than was agreed. Answers that list nothing stay as they are. */
export function drifted(answer: WireAnswer, listing: Listing, drift: Drift): WireAnswer {
  return withRows(answer, listing, (rows, holder, key) => {
    if (drift === 'rows elsewhere') return key === null ? { results: rows } : moved(holder, key, `${key}List`);
    const renamed = `${listing.field}Value`;
    const change = (row: unknown): unknown => {
      if (!isObject(row) || !(listing.field in row)) return row;
      return drift === 'field emptied' ? { ...row, [listing.field]: null } : moved(row, listing.field, renamed);
    };
    return replaced(holder, key, rows.map(change));
  });
}

/** The same rows in another order, one of them twice. */
export function repeated(answer: WireAnswer, listing: Listing, random: Random): WireAnswer {
  if (!listing.repeatable) return answer;
  return withRows(answer, listing, (rows, holder, key) => {
    if (rows.length === 0) return replaced(holder, key, rows);
    const order = [...rows, random.pick(rows)].map((row) => ({ row, place: random.next() }));
    order.sort((a, b) => a.place - b.place);
    return replaced(
      holder,
      key,
      order.map(({ row }) => row),
    );
  });
}

/** The connection breaks somewhere in the body. */
export function cutOff(answer: WireAnswer, random: Random): WireAnswer {
  const length = Buffer.byteLength(answer.body);
  return { ...answer, cutAfter: Math.floor(length * random.next()) };
}

/** Answers that never reach the network's own code. Null for the faults that let it answer first. */
export function instead(fault: Fault, throttles: readonly WireAnswer[], random: Random): WireAnswer | null {
  switch (fault) {
    case 'throttled':
      return random.pick(throttles);
    case 'down':
      return random.pick([
        html(500, 'Internal Server Error'),
        html(502, 'Bad Gateway'),
        html(503, 'Service Unavailable'),
      ]);
    case 'page instead of data':
      return html(200, 'Scheduled maintenance');
    default:
      return null;
  }
}

/** Rewrites the object that holds the rows; `key` is null where the answer is the bare array itself. */
function withRows(
  answer: WireAnswer,
  listing: Listing,
  rewrite: (rows: readonly unknown[], holder: Json, key: string | null) => unknown,
): WireAnswer {
  if (answer.status !== 200 || typeof answer.body !== 'string') return answer;
  const body: unknown = JSON.parse(answer.body);
  if (Array.isArray(body)) {
    return listing.rows === '' ? { ...answer, body: JSON.stringify(rewrite(body, {}, null)) } : answer;
  }
  const path = listing.rows.split('.');
  const key = path.pop() ?? '';
  const change = (node: unknown, [step, ...rest]: readonly string[]): unknown => {
    if (!isObject(node)) return node;
    if (step !== undefined) return { ...node, [step]: change(node[step], rest) };
    const rows = node[key];
    return Array.isArray(rows) ? rewrite(rows, node, key) : node;
  };
  return { ...answer, body: JSON.stringify(change(body, path)) };
}

function replaced(holder: Json, key: string | null, rows: readonly unknown[]): unknown {
  return key === null ? rows : { ...holder, [key]: rows };
}

function moved(object: Json, from: string, to: string): Json {
  const { [from]: value, ...rest } = object;
  return { ...rest, [to]: value };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

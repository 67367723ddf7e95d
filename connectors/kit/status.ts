import type { Status } from '../../core/conversion.ts';
import { UnreadableRowError } from '../../core/errors.ts';

/** The network's words and what each means; published with the connector. Looked up without regard to case. */
export type StatusTable = Readonly<Record<string, Status>>;

/** Lower-cased once per table: this is asked for every row of every window. */
const lookups = new WeakMap<StatusTable, ReadonlyMap<string, Status>>();

/** An unknown word is not `pending`: the row is set aside until somebody has decided what it means. */
export function statusFrom(table: StatusTable, word: string): Status {
  const found = lookupOf(table).get(word.trim().toLowerCase());
  if (!found) throw new UnreadableRowError(`The status "${word.slice(0, 60)}" is not in the table of this network.`);
  return found;
}

function lookupOf(table: StatusTable): ReadonlyMap<string, Status> {
  let lookup = lookups.get(table);
  if (!lookup) {
    lookup = new Map(Object.entries(table).map(([word, status]) => [word.toLowerCase(), status]));
    lookups.set(table, lookup);
  }
  return lookup;
}

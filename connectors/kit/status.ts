import type { Status } from '../../core/conversion.ts';
import { UnreadableRowError } from '../../core/errors.ts';

/** The network's words and what each means; published with the connector. Looked up without regard to case. */
export type StatusTable = Readonly<Record<string, Status>>;

/** An unknown word is not `pending`: the row is set aside until somebody has decided what it means. */
export function statusFrom(table: StatusTable, word: string): Status {
  const found = Object.entries(table).find(([known]) => known.toLowerCase() === word.trim().toLowerCase());
  if (!found) throw new UnreadableRowError(`The status "${word.slice(0, 60)}" is not in the table of this network.`);
  return found[1];
}

import { SetupError } from '../core/errors.ts';
import { amazonAssociates } from './amazon-associates/index.ts';
import { awin } from './awin/index.ts';
import { cj } from './cj/index.ts';
import type { Connector } from './contract.ts';
import { impact } from './impact/index.ts';
import { rakuten } from './rakuten/index.ts';

/** Every network that this installation can read. A new one adds its import and its line. */
export const connectors: readonly Connector[] = [
  amazonAssociates, // report files; a day is replaced as a whole
  awin, // changes in place on one id
  cj, // corrections are rows of their own
  impact, // several passes, a locking date, and word of payment in a log of changes
  rakuten, // about 30 days of history, a throttle that looks like a refusal, and files for what is older
];

const byId: ReadonlyMap<string, Connector> = new Map(connectors.map((connector) => [connector.id, connector]));

/** The connector of a network; throws a SetupError that names the known ones. */
export function connectorById(id: string): Connector {
  const found = byId.get(id);
  if (!found)
    throw new SetupError(`There is no network "${id.slice(0, 60)}". Known are: ${[...byId.keys()].join(', ')}.`);
  return found;
}

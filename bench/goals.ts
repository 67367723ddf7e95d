import type { Figure } from './figure.ts';

/** What a figure must reach on any machine; without one it is told for what it is. */
export interface Goal {
  readonly name: string;
  readonly means: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export const GOALS: readonly Goal[] = [
  {
    name: 'pipeline.new',
    means:
      'JSON text to committed rows, ledger and roll-ups, all rows new. The unit is one bare COPY of finished lines into the same table with the same indexes.',
    atLeast: 0.45,
  },
  {
    name: 'pipeline.unchanged',
    means:
      'The same rows once more, nothing changed. The unit is Node alone: JSON.parse, the connector’s normalise and the content hash.',
    atLeast: 0.8,
  },
  {
    name: 'pipeline.changed2',
    means: 'The same rows once more, two in a hundred with another amount. The same unit.',
    atLeast: 0.6,
  },
  {
    name: 'save.unchanged',
    means:
      'Unchanged rows, the database’s part alone: how many times faster than COPY into a temporary table and an upsert of every row.',
    atLeast: 7,
  },
  {
    name: 'save.unchanged.rowByRow',
    means: 'The same against one prepared upsert and one commit for each row.',
    atLeast: 60,
  },
  {
    name: 'unchanged.walPerRow',
    means: 'Bytes of journal that reading an unchanged row again leaves, through the whole pipeline.',
    atMost: 2,
  },
  { name: 'unchanged.rowsWritten', means: 'Rows that it writes, in all tables of the data path together.', atMost: 0 },
  {
    name: 'ledger.cost',
    means: 'A first load with ledger and roll-ups, in time of the same COPY and upsert without them.',
    atMost: 1.35,
  },
  {
    name: 'ask.planTrap',
    means:
      'Asking about 10 000 keys at 30 000 rows on a connection that asked ten times while the table was empty, in time of a fresh connection.',
    atMost: 3,
  },
  {
    name: 'queue.postgres',
    means: 'Jobs that do nothing, through our queue on Postgres, of BullMQ alone on Postgres.',
    atLeast: 0.85,
  },
  { name: 'queue.redis', means: 'The same on Redis.', atLeast: 0.85 },
  {
    name: 'memory.sync1m',
    means: 'Most memory that a process ever held while it synced one million rows over HTTP into empty tables.',
    atMost: 300,
  },
  { name: 'sync.endToEnd', means: 'Rows a second from the sandbox over HTTP, through all connectors.' },
];

export function isReached({ value }: Pick<Figure, 'value'>, { atLeast, atMost }: Goal): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
}

/** `>= 0.45`, `<= 2`, or `told`. */
export function goalText({ atLeast, atMost }: Goal): string {
  if (atLeast !== undefined) return `>= ${atLeast}`;
  return atMost === undefined ? 'told' : `<= ${atMost}`;
}

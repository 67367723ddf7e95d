import type { Status } from '../../core/conversion.ts';
import { type Decimal, fromMicros, toMicros } from '../../core/money.ts';
import { DAY_MS } from '../../core/time-window.ts';
import type { Amounts, WorldSale } from '../sale.ts';
import type { World } from '../world.ts';

/** One row in a network's books, with everything that will ever happen to it. */
export interface NetworkRow {
  /** What the network calls it, as a reader must store it. */
  readonly id: string;
  readonly sale: WorldSale;
  /** Binds the rows of one sale, at networks that say so. */
  readonly saleKey: string | null;
  readonly part: 'original' | 'correction' | 'restatement';
  readonly programId: string;
  readonly occurredAt: Date;
  /** By time; the first one is the row's appearance. */
  readonly states: readonly [RowState, ...RowState[]];
  /** When it leaves the books again, as a line of a corrected file does. */
  readonly goneAt: Date | null;
}

export interface RowState {
  readonly from: Date;
  /** What happened at that moment. */
  readonly event: 'appeared' | 'amended' | 'extended' | 'approved' | 'declined' | 'paid' | 'named';
  readonly status: Status;
  readonly amounts: Amounts;
  readonly subId: string | null;
}

/** How one network books what was sold: the rows that belong to one day of the world. */
export type Life = (world: World, day: number) => readonly NetworkRow[];

/** The state in force at a moment, or undefined where the row is not (or no longer) to be seen. */
export function stateAt(row: NetworkRow, at: Date): RowState | undefined {
  if (row.goneAt && row.goneAt <= at) return undefined;
  return row.states.findLast(({ from }) => from <= at);
}

/** The latest change of the given kinds that has happened by then. */
export function lastChange(row: NetworkRow, at: Date, ...events: readonly RowState['event'][]): RowState | undefined {
  return row.states.findLast(({ from, event }) => from <= at && events.includes(event));
}

/** The later states follow from the one before by what is said to have changed. */
export function lifeOf(first: RowState, ...changes: readonly (Partial<RowState> & Pick<RowState, 'from' | 'event'>)[]) {
  const states: [RowState, ...RowState[]] = [first];
  for (const change of changes) states.push({ ...(states.at(-1) ?? first), ...change });
  return states;
}

/** A moment between two others, on a whole second as networks tell them. */
export function between(start: Date, end: Date, share: number): Date {
  const ms = start.getTime() + (end.getTime() - start.getTime()) * share;
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** The next time that a day of the month comes round, not before `from`; at `hour` UTC. */
export function nextMonthDay(from: Date, dayOfMonth: number, hour: number): Date {
  const inMonth = (months: number) =>
    new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, dayOfMonth, hour));
  const first = inMonth(0);
  return first >= from ? first : inMonth(1);
}

/** The network's payment run: the 20th that follows by at least `days`. */
export function paymentRun(after: Date, days: number): Date {
  return nextMonthDay(new Date(after.getTime() + days * DAY_MS), 20, 6);
}

export function minus(a: Amounts, b: Amounts): Amounts {
  const difference = (x: Decimal, y: Decimal) => fromMicros(toMicros(x) - toMicros(y));
  return { sale: difference(a.sale, b.sale), commission: difference(a.commission, b.commission) };
}

/** What the bench prints and keeps: a median over rounds, and how far the rounds lay apart. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly runs: number;
  readonly min: number;
  readonly max: number;
}

/** The figure of one value for each round. */
export function figure(name: string, unit: string, values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const rounded = (value: number | undefined) => Number((value ?? Number.NaN).toPrecision(4));
  return {
    name,
    value: rounded(medianOf(sorted)),
    unit,
    runs: sorted.length,
    min: rounded(sorted[0]),
    max: rounded(sorted.at(-1)),
  };
}

/** `over` divided by `under`, each round by itself: what slows a whole round down does not move it. */
export function ratio(
  name: string,
  unit: string,
  [over, under]: readonly [readonly number[], readonly number[]],
): Figure {
  return figure(
    name,
    unit,
    over.map((value, round) => value / (under[round] ?? Number.NaN)),
  );
}

/** The middle of a sorted list; of two middles the mean. */
export function medianOf(sorted: readonly number[]): number {
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}

import type { BenchServer } from './bench-server.ts';
import type { Figure } from './figure.ts';

/** What a topic measures with. */
export interface Bench {
  readonly server: BenchServer;
  readonly rows: number;
  readonly rounds: number;
  /** Rows of `memory.sync1m`. */
  readonly syncRows: number;
  /** What stands behind a figure, or why there is none; shown beside the figures. */
  note(line: string): void;
}

/** Figures that are measured in the same rounds. */
export interface Topic {
  readonly names: readonly string[];
  measure(bench: Bench): Promise<Figure[]>;
}

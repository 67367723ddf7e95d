/** Where text goes: a terminal, a file, or a test. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a command may touch of the process around it. `main.ts` hands in the real one, tests one of their own. */
export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  /** Answers, and nothing else: scripts read it. */
  readonly out: Terminal;
  /** Progress, questions, errors and the log. */
  readonly err: Terminal;
  /** Fires at the first Ctrl-C: finish what cannot be left, and stop. */
  readonly signal: AbortSignal;
  /** What the process ends with when nothing is thrown. */
  exitCode: number;
}

/** What every command takes. */
export interface GlobalFlags {
  readonly data?: string | undefined;
  readonly demo?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** How text may look where it goes. */
export interface Look {
  readonly colour: boolean;
  /** In characters; absent: as wide as it likes. */
  readonly width?: number | undefined;
}

export function lookOf({ out, env }: Pick<Shell, 'out' | 'env'>): Look {
  const isTerminal = out.isTTY === true;
  return { colour: isTerminal && !env.NO_COLOR && env.TERM !== 'dumb', width: isTerminal ? out.columns : undefined };
}

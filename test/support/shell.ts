import { PassThrough } from 'node:stream';
import { runCommandLine } from '../../cli/program.ts';
import type { Shell } from '../../cli/shell.ts';

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What `--json` printed. */
  readonly json: unknown;
}

/** Runs a command line in this process, with an environment of its own and nobody at the keyboard. */
export async function run(
  args: readonly string[],
  {
    env = {},
    input = '',
  }: { readonly env?: Readonly<Record<string, string | undefined>>; readonly input?: string } = {},
): Promise<CommandResult> {
  const said = { out: '', err: '' };
  const shell: Shell = {
    env,
    version: '0.0.0-test',
    input: new PassThrough().end(input),
    out: { write: (text) => (said.out += text) },
    err: { write: (text) => (said.err += text) },
    signal: new AbortController().signal,
    exitCode: 0,
  };
  const code = await runCommandLine(args, shell);
  return {
    code,
    ...said,
    get json() {
      return JSON.parse(said.out) as unknown;
    },
  };
}

import { CommanderError } from 'commander';
import { AccountBusyError, asTributaryError, RateLimitedError, SetupError } from '../core/errors.ts';
import { nextStep } from './next-step.ts';
import { printAnswer } from './output.ts';
import type { GlobalFlags, Shell } from './shell.ts';

/** What a script can tell apart: it went well, it failed, it was asked wrongly, it may go well later, it was stopped. */
export const EXIT = { fine: 0, failed: 1, usage: 2, later: 75, stopped: 130 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  if (isStop(error)) return EXIT.stopped;
  if (error instanceof SetupError) return EXIT.usage;
  return error instanceof AccountBusyError || error instanceof RateLimitedError ? EXIT.later : EXIT.failed;
}

/** Ctrl-C, by the reason that it gave to whatever was under way. */
export function isStop(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly networkWords: string | null;
}

export function errorReport(error: unknown): ErrorReport {
  if (error instanceof CommanderError) {
    return { code: 'usage', message: error.message.replace(/^error: /, ''), networkWords: null };
  }
  if (isStop(error)) {
    return { code: 'stopped', message: 'Stopped. What was read is stored; run it again to go on.', networkWords: null };
  }
  const { code, message, networkWords } = asTributaryError(error);
  return { code, message, networkWords };
}

/** An error as one sentence, the network's words beside ours, and the next step. */
function errorWords({ code, message, networkWords }: ErrorReport): string {
  const said = networkWords ? `The network says: "${networkWords}"` : '';
  return [message, said, nextStep(code)].filter(Boolean).join('\n');
}

/** Tells what went wrong: on the error side for a person, as an object among the answers for a script. */
export function printError(shell: Shell, flags: GlobalFlags, error: unknown): void {
  const report = errorReport(error);
  if (flags.json) printAnswer(shell, flags, { error: report }, () => '');
  else shell.err.write(`${errorWords(report)}\n`);
  if (shell.env.LOG_LEVEL === 'debug' && error instanceof Error) shell.err.write(`${error.stack}\n`);
}

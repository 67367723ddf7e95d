import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { InvalidArgumentError } from 'commander';
import type { GlobalFlags } from './shell.ts';

/** The flags that every command takes, wherever on the line they stood. */
export function globalFlags(command: CommandUnknownOpts): GlobalFlags {
  const { data, demo, json } = command.optsWithGlobals();
  return { data: data as string | undefined, demo: demo === true, json: json === true };
}

/** What stands below the help of a command. */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return `\n${title}:\n${lines.map((line) => `  $ tributary ${line}`).join('\n')}`;
}

/** Reads a whole number within bounds; commander tells the rest. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is not a whole number from ${least} to ${most}.`);
  };
}

/** Gathers an option that may be given several times. */
export function gathered(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

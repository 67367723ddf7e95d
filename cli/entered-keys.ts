import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Connector } from '../connectors/contract.ts';
import { type FormField, formFields } from '../connectors/kit/form.ts';
import { SetupError } from '../core/errors.ts';
import type { GlobalFlags, Shell } from './shell.ts';

/**
 * The values that `--set` gives: `field=value`, `field=@file`, or `field=-` for what comes on standard input, which keeps a
 * key out of the list of processes. Throws a SetupError for a field that the network does not have.
 */
export async function givenFields(
  { input }: Pick<Shell, 'input'>,
  { name: network, credentials }: Pick<Connector, 'name' | 'credentials'>,
  settings: readonly string[],
): Promise<Record<string, string>> {
  const known = formFields(credentials).map(({ name }) => name);
  const given: Record<string, string> = {};
  for (const setting of settings) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(setting) ?? [];
    if (!known.includes(name)) {
      // What stands before the first "=" may be a key that was pasted alone: it is not repeated.
      throw new SetupError(`--set takes field=value, with one of the fields of ${network}: ${known.join(', ')}.`);
    }
    given[name] = await contentOf(value, input);
  }
  return given;
}

async function contentOf(value: string, input: Shell['input']): Promise<string> {
  if (value === '-') return (await text(input)).trim();
  if (!value.startsWith('@')) return value;
  const path = value.slice(1);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new SetupError(`The file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
}

/** Asks a person at a terminal for the fields that are not given yet; anywhere else nobody is asked. */
export async function askForFields(
  shell: Shell,
  { json }: GlobalFlags,
  { credentials, docsUrl }: Pick<Connector, 'credentials' | 'docsUrl'>,
  given: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const missing = formFields(credentials).filter(({ name }) => given[name] === undefined);
  if (json || shell.input.isTTY !== true || !missing.some(({ required }) => required)) return { ...given };
  shell.err.write(`Where to find these: ${docsUrl}\n`);
  const prompt = openPrompt(shell);
  try {
    const answers: Record<string, string> = { ...given };
    for (const field of missing) {
      const answer = await prompt.ask(field);
      if (answer !== '') answers[field.name] = answer;
    }
    return answers;
  } finally {
    prompt.close();
  }
}

function openPrompt({ input, err, signal }: Shell) {
  let hidden = false;
  // Readline echoes what is typed through its output; a secret is typed into the dark.
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!hidden) err.write(String(chunk));
      done();
    },
  });
  const lines = createInterface({ input, output, terminal: true });
  // At a prompt the terminal hands Ctrl-C to readline as a key, not to the process as a signal.
  const gaveUp = new AbortController();
  lines.on('SIGINT', () => gaveUp.abort());
  return {
    async ask(field: FormField): Promise<string> {
      err.write(`\n${helpOn(field)}`);
      const answering = lines.question(promptFor(field), { signal: AbortSignal.any([signal, gaveUp.signal]) });
      hidden = field.secret;
      try {
        return (await answering).trim();
      } finally {
        hidden = false;
        if (field.secret) err.write('\n');
      }
    },
    close: () => lines.close(),
  };
}

function helpOn({ description, choices }: FormField): string {
  const help = [description ?? '', choices.length > 0 ? `One of: ${choices.join(', ')}.` : ''].filter(Boolean);
  return help.length > 0 ? `${help.join(' ')}\n` : '';
}

function promptFor({ title, required, byDefault }: FormField): string {
  if (byDefault !== null) return `${title} [${byDefault}]: `;
  return required ? `${title}: ` : `${title} (may be empty): `;
}

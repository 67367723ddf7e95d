import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { askForFields } from '../../cli/entered-keys.ts';
import type { Shell } from '../../cli/shell.ts';
import { awin } from '../../connectors/awin/index.ts';
import { formFields } from '../../connectors/kit/form.ts';
import { connectors } from '../../connectors/registry.ts';

/** A person at a terminal who types an answer whenever a prompt ends with a colon. */
function personWho(answers: readonly string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const left = [...answers];
  let seen = '';
  const write = (text: string) => {
    seen += text;
    const answer = stripVTControlCharacters(text).endsWith(': ') ? left.shift() : undefined;
    if (answer !== undefined) setImmediate(() => input.write(answer));
  };
  const shell: Shell = {
    env: {},
    version: '0',
    input,
    out: { write: () => {} },
    err: { write, isTTY: true },
    signal: new AbortController().signal,
    exitCode: 0,
  };
  return { shell, seen: () => seen };
}

describe('asking for keys at a terminal', () => {
  it('asks for what is missing, and shows no secret while it is typed', async () => {
    const { shell, seen } = personWho(['planted-secret\r', '440022\r']);
    expect(await askForFields(shell, {}, awin, {})).toEqual({ accessToken: 'planted-secret', publisherId: '440022' });
    expect(seen()).toContain('Access token: ');
    expect(seen()).toContain('440022');
    expect(seen()).not.toContain('planted');
  });

  it('asks for nothing that was given', async () => {
    const { shell, seen } = personWho(['440022\r']);
    expect(await askForFields(shell, {}, awin, { accessToken: 'x' })).toEqual({
      accessToken: 'x',
      publisherId: '440022',
    });
    expect(seen()).not.toContain('Access token');
  });

  it('stops at Ctrl-C', async () => {
    const { shell } = personWho(['\u0003']);
    await expect(askForFields(shell, {}, awin, {})).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('asks nobody for a script', async () => {
    const { shell, seen } = personWho([]);
    expect(await askForFields(shell, { json: true }, awin, {})).toEqual({});
    expect(seen()).toBe('');
  });
});

describe('the form of a connector', () => {
  it.each(connectors.map((connector) => ({ id: connector.id, connector })))(
    '$id has a title on every field',
    ({ connector }) => {
      const fields = formFields(connector.credentials);
      expect(fields.map(({ name }) => name)).toEqual(Object.keys(connector.credentials.shape));
      for (const { name, title } of fields) expect(title, name).not.toBe(name);
    },
  );

  it('knows what is secret, what must be given, and what an empty answer stands for', () => {
    const amazon = connectors.find(({ id }) => id === 'amazon-associates');
    const byName = new Map(amazon && formFields(amazon.credentials).map((field) => [field.name, field]));
    expect(byName.get('marketplace')).toMatchObject({ required: false, byDefault: 'www.amazon.com', secret: false });
    expect(byName.get('marketplace')?.choices).toContain('www.amazon.de');
    expect(byName.get('credentialSecret')).toMatchObject({ required: false, byDefault: null, secret: true });
    expect(formFields(awin.credentials)[0]).toMatchObject({ name: 'accessToken', required: true, secret: true });
  });
});

import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createRedactor, redact, secretsOf } from '../../../connectors/kit/redact.ts';
import { CredentialsRefusedError } from '../../../core/errors.ts';

const SECRET = 'a b/c+d"&=ü';

it.each([
  { name: 'plain', form: SECRET },
  { name: 'in capitals', form: SECRET.toUpperCase() },
  { name: 'URL-encoded', form: encodeURIComponent(SECRET) },
  { name: 'URL-encoded in small letters', form: encodeURIComponent(SECRET).toLowerCase() },
  { name: 'in a form', form: new URLSearchParams({ k: SECRET }).toString().slice(2) },
  { name: 'in JSON', form: JSON.stringify(SECRET).slice(1, -1) },
  { name: 'in HTML', form: 'a b/c+d&quot;&amp;=ü' },
  { name: 'base64', form: Buffer.from(SECRET).toString('base64') },
  { name: 'base64 without padding', form: Buffer.from(SECRET).toString('base64').replace(/=+$/, '') },
  { name: 'base64 for addresses', form: Buffer.from(SECRET).toString('base64url') },
])('removes a secret: $name', ({ form }) => {
  expect(redact(`before ${form} after`, [SECRET])).toBe('before [redacted] after');
});

it('leaves words alone: too short a secret, and the names of schemes', () => {
  expect(redact('Full authentication is required: Bearer authentication', ['is', ''])).toBe(
    'Full authentication is required: Bearer authentication',
  );
});

it.each([
  'Authorization: Bearer abcdefghij0123456789.xyz',
  '{"access_token":"s3cret"}',
  'https://files.example/f?X-Amz-Signature=abc123&x=1',
])('removes keys by their place: %s', (text) => {
  expect(redact(text, [])).toContain('[redacted]');
  expect(redact(text, [])).not.toMatch(/abcdefghij|s3cret|abc123/);
});

it('finds the secret fields under any wrapping, and what Basic makes of them', () => {
  const schema = z.object({
    sid: z.string(),
    apiKey: z.string().meta({ secret: true }).optional(),
    other: z.string().trim().meta({ secret: true }).min(2).default('x').transform(String),
    zone: z.string().meta({ title: 'Zone' }),
  });
  const secrets = secretsOf(schema, { sid: 'IR1', apiKey: 'k3y', other: 'oth3r', zone: 'UTC' });
  expect(secrets).toEqual(expect.arrayContaining(['k3y', 'oth3r', 'IR1:k3y', ':oth3r', 'oth3r:']));
  expect(secrets).not.toContain('UTC');
  expect(redact(`Basic ${Buffer.from('IR1:k3y').toString('base64')}`, secrets)).toBe('Basic [redacted]');
});

it('cleans an error through and through, and keeps its class', () => {
  const request = Object.assign(new Error(`sent ${SECRET}`), { code: 'EPROTO', config: { headers: { key: SECRET } } });
  const error = new CredentialsRefusedError(`No: ${SECRET}`, { cause: request, networkWords: SECRET });
  // Written down when somebody first looks at it: from then on it keeps the message of that moment.
  expect(error.stack).toContain(SECRET);
  const redactor = createRedactor([]);
  redactor.learn(SECRET);
  const cleaned = redactor.error(error);
  expect(cleaned).toBe(error);
  expect(cleaned.cause).toMatchObject({ code: 'EPROTO', message: 'sent [redacted]' });
  expect(cleaned.networkWords).toBe('[redacted]');
  expect(inspect(cleaned, { depth: 10, showHidden: true })).not.toContain(SECRET);
});

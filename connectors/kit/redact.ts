import type { z } from 'zod';
import { SchemaDriftError, TributaryError } from '../../core/errors.ts';

const REDACTED = '[redacted]';
/** Shorter text is no key, and searching for it would blank out ordinary words. */
const SHORTEST = 4;
/** Of the network's own words. Cut here, once they are clean: half a key is still a secret. */
export const MAX_WORDS = 300;

/** Keys by their place, whoever they belong to: tokens just issued, signatures of addresses that a network signed. */
const STANDING: readonly RegExp[] = [
  /(\b(?:bearer|basic)\s+)[\w.~+/=-]{20,}/gi,
  /("(?:access_token|refresh_token|id_token|client_secret)"\s*:\s*")[^"]+/gi,
  /([?&](?:access_token|client_secret|signature|x-amz-(?:signature|credential|security-token))=)[^&\s"'<>]+/gi,
];

/** Removes every form in which these secrets may appear: plain, URL-encoded, base64, escaped in JSON or HTML. */
export function redact(text: string, secrets: Iterable<string>): string {
  return strike(text, patternOf(secrets));
}

/** Knows the secrets of one account, and learns the tokens that it is given on the way. */
export interface Redactor {
  learn(...secrets: readonly string[]): void;
  text(text: string): string;
  /** Cleans an error of ours in place, stack and cause included, and hands it back. */
  error<E>(error: E): E;
}

export function createRedactor(secrets: Iterable<string>): Redactor {
  const known = new Set(secrets);
  let pattern = patternOf(known);
  const text = (dirty: string) => strike(dirty, pattern);
  return {
    text,
    learn(...more) {
      const size = known.size;
      for (const secret of more) known.add(secret);
      if (known.size > size) pattern = patternOf(known);
    },
    error: (error) => cleanError(error, text),
  };
}

/** The values of the fields marked `secret`, and the pairs that Basic authentication makes of them. */
export function secretsOf(schema: z.ZodObject, credentials: Readonly<Record<string, unknown>>): string[] {
  const secrets = secretFields(schema).flatMap((field) => textOf(credentials[field]));
  const others = Object.values(credentials).flatMap(textOf);
  const pairs = secrets.flatMap((secret) =>
    ['', ...others].flatMap((other) => [`${other}:${secret}`, `${secret}:${other}`]),
  );
  return [...secrets, ...pairs.filter((pair) => pair.length > SHORTEST)];
}

/** Names of the fields marked `secret`, whatever they are wrapped in. */
export function secretFields(schema: z.ZodObject): string[] {
  return Object.keys(schema.shape).filter((field) => isSecret(schema.shape[field] as z.ZodType));
}

function isSecret(schema: z.ZodType): boolean {
  if (schema.meta()?.secret === true) return true;
  const { innerType, in: before, out } = schema.def as { innerType?: z.ZodType; in?: z.ZodType; out?: z.ZodType };
  return [innerType, before, out].some((part) => part !== undefined && isSecret(part));
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? [String(value)] : [];
}

function patternOf(secrets: Iterable<string>): RegExp | null {
  const forms = new Set([...secrets].filter((secret) => secret.length >= SHORTEST).flatMap(formsOf));
  if (forms.size === 0) return null;
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  // Without regard to case: percent-encoding comes in both, and an echo may have been folded.
  return new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gi');
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  const plain = [secret, base64, base64.replace(/=+$/, ''), Buffer.from(secret).toString('base64url')];
  return plain.flatMap((form) => [
    form,
    encodeURIComponent(form),
    new URLSearchParams({ '': form }).toString().slice(1),
    JSON.stringify(form).slice(1, -1),
    form.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;'),
  ]);
}

function strike(text: string, pattern: RegExp | null): string {
  const struck = pattern ? text.replace(pattern, REDACTED) : text;
  return STANDING.reduce((rest, place) => rest.replace(place, `$1${REDACTED}`), struck);
}

function cleanError<E>(error: E, clean: (text: string) => string): E {
  if (!(error instanceof Error)) return error;
  replace(error, 'message', clean(error.message));
  if (error.stack) replace(error, 'stack', clean(error.stack));
  if (error instanceof TributaryError && error.networkWords) {
    replace(error, 'networkWords', clean(error.networkWords).slice(0, MAX_WORDS));
  }
  if (error instanceof SchemaDriftError && error.sample) {
    const { url, body } = error.sample;
    replace(error, 'sample', { ...error.sample, url: clean(url), body: clean(body) });
  }
  if (error.cause !== undefined) replace(error, 'cause', plainCause(error.cause, clean));
  return error;
}

/** Only code and message of a foreign error: axios and Node hang requests, headers and sockets on theirs. */
export function plainCause(cause: unknown, clean: (text: string) => string = (text) => text): Error {
  if (cause instanceof TributaryError) return cleanError(cause, clean);
  const { code, message } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { code: undefined, message: String(cause) };
  const plain = new Error(clean(message));
  plain.stack = `${plain.name}: ${plain.message}`;
  return typeof code === 'string' ? Object.assign(plain, { code }) : plain;
}

function replace<K extends PropertyKey>(target: Partial<Record<K, unknown>> | Error, key: K, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(target, key);
  if (before?.value === value) return;
  Object.defineProperty(target, key, {
    value,
    enumerable: before?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
}

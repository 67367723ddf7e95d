import type { z } from 'zod';
import { type DriftSample, NetworkDownError, SchemaDriftError, type TributaryError } from '../../core/errors.ts';
import type { Answer } from '../contract.ts';
import { decodeBody, isHtmlPage, networkWords, toAnswer, verdict } from './answer.ts';
import type { RawAnswer, WireCall } from './transport.ts';
import { readXml } from './xml.ts';

const MAX_SAMPLE = 64 * 1024;
/** A file is looked at for an error message, not parsed: its beginning is enough. */
const FILE_HEAD = 64 * 1024;

export type Format = 'json' | 'xml' | 'file';

/** One answer with all that is needed to judge it, read it, or complain about it. */
export interface Reading {
  readonly network: string;
  readonly call: WireCall;
  readonly raw: RawAnswer;
  readonly text: string;
  readonly answer: Answer;
  readonly clean: (text: string) => string;
}

export function openAnswer(
  from: Pick<Reading, 'network' | 'call' | 'raw' | 'clean'>,
  format: Format,
  attempt: number,
): Reading {
  const isFile = format === 'file' && from.raw.status < 300;
  const bytes = isFile ? from.raw.bytes.subarray(0, FILE_HEAD) : from.raw.bytes;
  const text = decodeBody(bytes, from.raw.headers['content-type']);
  return { ...from, text, answer: toAnswer(from.raw, text, attempt) };
}

/** The usual reading of a status, with the network's words, and a sample where the shape is at fault. */
export function statusError({ network, answer, text, clean, ...rest }: Reading, now: Date): TributaryError | null {
  const error = verdict(network, answer, () => networkWords(text, clean), now);
  if (!(error instanceof SchemaDriftError)) return error;
  const { message, networkWords: words } = error;
  return new SchemaDriftError(message, sampleOf({ network, answer, text, clean, ...rest }), { networkWords: words });
}

/** Nothing at all (204, or an empty body) is `undefined`: the envelope says whether that is an answer. */
export function readJsonAnswer<S extends z.ZodType>(reading: Reading, envelope: S): z.output<S> {
  const { text, answer } = reading;
  if (text.trim() === '') return checkEnvelope(reading, undefined, envelope);
  // Text that was not parsed stands there as it came; a JSON string would have lost its quotes.
  if (answer.body === text) throw notData(reading, 'JSON', isHalfJson(text));
  return checkEnvelope(reading, answer.body, envelope);
}

export function readXmlAnswer<S extends z.ZodType>(
  reading: Reading,
  lists: readonly string[],
  envelope: S,
): z.output<S> {
  const { text } = reading;
  if (text.trim() === '') return checkEnvelope(reading, undefined, envelope);
  if (isHtmlPage(text)) throw notData(reading, 'XML', false);
  return checkEnvelope(reading, parsed(reading, lists), envelope);
}

function parsed(reading: Reading, lists: readonly string[]): unknown {
  try {
    return readXml(reading.text, lists);
  } catch {
    throw notData(reading, 'XML', isHalfXml(reading.text));
  }
}

export function readFileAnswer(reading: Reading): Buffer {
  const { raw, text } = reading;
  if (/html/i.test(raw.headers['content-type'] ?? '') && isHtmlPage(text)) throw notData(reading, 'a file', false);
  return raw.bytes;
}

/** A page for people, or half an answer, is the network being ill; anything else is a new shape. */
function notData(reading: Reading, expected: string, isHalf: boolean): TributaryError {
  const { network, text, clean } = reading;
  const words = { networkWords: networkWords(text, clean) };
  if (isHtmlPage(text)) {
    return new NetworkDownError(`${network} answered with a page for people where ${expected} was due.`, words);
  }
  if (isHalf) return new NetworkDownError(`${network} broke off in the middle of its answer.`, words);
  return new SchemaDriftError(`${network} answered with something that is not ${expected}.`, sampleOf(reading), words);
}

/** More brackets opened than closed, outside of strings. */
function isHalfJson(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*(?:"|$)/g, '');
  return /^\s*[[{]/.test(bare) && bare.split(/[[{]/).length > bare.split(/[\]}]/).length;
}

function isHalfXml(text: string): boolean {
  const root = /<([A-Za-z_][\w:.-]*)/.exec(text)?.[1];
  return root !== undefined && !text.trimEnd().endsWith(`</${root}>`);
}

function checkEnvelope<S extends z.ZodType>(reading: Reading, body: unknown, envelope: S): z.output<S> {
  const checked = envelope.safeParse(body);
  if (checked.success) return checked.data;
  const { network, call } = reading;
  const issue = checked.error.issues[0];
  const place = issue?.path.length ? `"${issue.path.join('.')}"` : 'the top';
  throw new SchemaDriftError(
    `${network} answered ${call.method} ${call.url.pathname} in a new shape: at ${place}, ${issue?.message ?? 'unknown'}.`,
    sampleOf(reading),
  );
}

/** The raw answer, to look at and to make a recording of. Redacted before it is cut: half a key is still a secret. */
function sampleOf({ call, raw, text, clean }: Reading): DriftSample {
  return {
    method: call.method,
    url: clean(call.url.href),
    status: raw.status,
    contentType: raw.headers['content-type'] ?? null,
    body: cut(clean(text)),
  };
}

function cut(text: string): string {
  if (Buffer.byteLength(text) <= MAX_SAMPLE) return text;
  return Buffer.from(text)
    .subarray(0, MAX_SAMPLE)
    .toString()
    .replace(/\uFFFD+$/, '');
}

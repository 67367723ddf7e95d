import {
  CredentialsRefusedError,
  NetworkDownError,
  RateLimitedError,
  RequestRefusedError,
  SchemaDriftError,
  type TributaryError,
} from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import type { Answer } from '../contract.ts';
import { decodeAs } from './charset.ts';
import { MAX_WORDS } from './redact.ts';
import { retryAfterMs } from './retry.ts';
import type { RawAnswer } from './transport.ts';
import { decodeEntities } from './xml.ts';

/** As much of a page as may hold its words; the rest of it is decoration. */
const WORDS_FROM = 64 * 1024;
/** The network's own time-outs: the question was fine. */
const TIMED_OUT: readonly number[] = [408, 499];

/** The text of a body in the charset that it declares; UTF-8 where it declares none, or one that nobody knows. */
export function decodeBody(bytes: Buffer, contentType: string | undefined): string {
  const declared = /charset\s*=\s*"?([\w:.-]+)/i.exec(contentType ?? '')?.[1];
  const inXml = declared
    ? undefined
    : /^<\?xml[^>]*encoding\s*=\s*["']([\w:.-]+)/.exec(bytes.toString('latin1', 0, 200))?.[1];
  const label = declared ?? inXml ?? 'utf-8';
  try {
    return decodeAs(label, bytes);
  } catch {
    return decodeAs('utf-8', bytes);
  }
}

/** The answer as `explain` sees it: parsed where it is JSON, text where it is anything else. */
export function toAnswer({ status, headers }: RawAnswer, text: string, attempt: number): Answer {
  return { status, headers, attempt, body: /^\s*(?:[[{"\d-]|true|false|null)/.test(text) ? jsonOr(text) : text };
}

function jsonOr(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** A page for people where data was asked for: somebody is mending something. */
export function isHtmlPage(text: string): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(
    text.slice(0, 4096),
  );
}

/** What the network said, for people: no tags, no secrets, not too long. Null where it said nothing. */
export function networkWords(text: string, clean: (text: string) => string): string | null {
  const bare = clean(text.slice(0, WORDS_FROM))
    .replace(/<(script|style|title)\b[\s\S]*?<\/\1>|<!--[\s\S]*?-->/gi, ' ')
    .replace(/<[^>]*>/g, ' ');
  const words = clean(decodeEntities(bare)).replace(/\s+/g, ' ').trim();
  return words.slice(0, MAX_WORDS) || null;
}

/** What a status means where the connector does not know better; null for an answer to be read. */
export function verdict(
  network: string,
  { status, headers, body }: Omit<Answer, 'attempt'>,
  words: () => string | null,
  now: Date,
): TributaryError | null {
  if (status >= 200 && status < 300) return null;
  const details = { networkWords: words() };
  if (status >= 300 && status < 400) {
    const to = URL.canParse(headers.location ?? '') ? ` on ${new URL(headers.location ?? '').host}` : '';
    return new SchemaDriftError(`${network} sends us to another address${to} (${status}), unasked.`, null, details);
  }
  if (status === 401 || status === 403 || (status === 400 && isRefusedGrant(body))) {
    const next = 'Check that the key is complete and may read reports, or give the account a new one.';
    return new CredentialsRefusedError(`${network} refuses the key (${status}). ${next}`, details);
  }
  if (status === 429 || status === 503) {
    const why = status === 429 ? 'asks us to slow down' : 'is not available for the moment';
    return new RateLimitedError(`${network} ${why} (${status}).`, retryAfterMs(headers['retry-after'], now), details);
  }
  if (status >= 500 || TIMED_OUT.includes(status)) {
    return new NetworkDownError(`${network} has a fault of its own (${status}). We try again later.`, details);
  }
  return new RequestRefusedError(`${network} does not accept the question (${status}).`, details);
}

/** How OAuth says that it knows no such key: with status 400 (RFC 6749, section 5.2). */
function isRefusedGrant(body: unknown): boolean {
  const error = (body as { error?: unknown } | null)?.error;
  return error === 'invalid_client' || error === 'invalid_grant' || error === 'unauthorized_client';
}

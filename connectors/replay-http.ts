import { type AxiosAdapter, AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';
import type { Clock } from '../core/clock.ts';
import type { Connector, HttpClient } from './contract.ts';
import { decodeBody, toAnswer } from './kit/answer.ts';
import { createHttpClient } from './kit/http-client.ts';
import { memoryTokenStore } from './kit/tokens.ts';
import { withPlaceholders } from './placeholder.ts';
import type { RecordedAnswer, RecordedAnswers } from './recorded-answers.ts';

/** The recording has no more to say to a pass: its replay ends there, and that is no fault. */
export class RecordingOverError extends Error {}

/** Waits as zero time: nobody is throttled by a recording. */
const NO_WAITING: Clock = { now: () => new Date(), sleep: async () => {} };

/** The product's own HTTP client over recorded answers. Made anew for each question, as a run does. */
export function replayHttp(
  connector: Connector,
  credentials: Readonly<Record<string, unknown>>,
  answers: RecordedAnswers,
): HttpClient {
  return createHttpClient({
    connector: onRecordedHosts(connector, answers),
    credentials,
    clock: NO_WAITING,
    limiter: { take: async () => () => {} },
    tokens: memoryTokenStore(),
    adapter: replayAdapter(connector, answers),
  });
}

/** A pre-signed address may lie anywhere; a replay reaches no network, so any host that was recorded is fine. */
function onRecordedHosts(connector: Connector, answers: RecordedAnswers): Connector {
  const hosts: Connector['hosts'] = [connector.hosts[0], ...connector.hosts.slice(1), ...answers.hosts];
  const { token } = connector;
  if (!token) return { ...connector, hosts };
  return {
    ...connector,
    hosts,
    token: { exchange: (http, given) => exchanged(connector, token, http, given, answers) },
  };
}

/** Many recordings hold no answer for the exchange of the key, nor the key: they have nothing to say about it. */
async function exchanged(
  { credentials: schema }: Connector,
  token: NonNullable<Connector['token']>,
  http: HttpClient,
  given: Readonly<Record<string, unknown>>,
  answers: RecordedAnswers,
) {
  for (const credentials of [given, withPlaceholders(schema, given, { wholly: true })]) {
    const before = answers.taken();
    try {
      return await token.exchange(http, credentials);
    } catch (error) {
      if (answers.taken() > before) throw error;
    }
  }
  return { value: 'recorded-token', expiresInSeconds: 3600 };
}

/**
 * Answers from the recording. A refusal that is asked about again after the last answer is given again: the client
 * would have met the same refusal until its patience ended.
 */
function replayAdapter(connector: Connector, answers: RecordedAnswers): AxiosAdapter {
  const refusals = new Map<string, RecordedAnswer>();
  return async (config) => {
    const asked = { method: config.method ?? 'GET', url: new URL(config.url ?? '') };
    const key = `${asked.method} ${asked.url.href} ${String(config.data ?? '')}`;
    const answer = answers.take(asked) ?? refusals.get(key);
    if (!answer)
      throw new RecordingOverError(`The recording has no more answers for ${asked.url.host}${asked.url.pathname}.`);
    if (isRefusal(connector, answer)) refusals.set(key, answer);
    return toResponse(answer, config);
  };
}

function isRefusal(
  { explain }: Connector,
  { response: { status, headers, contentType }, body }: RecordedAnswer,
): boolean {
  if (status >= 400) return true;
  const text = decodeBody(body, contentType ?? undefined);
  return explain?.(toAnswer({ status, headers, bytes: body }, text, 1)) != null;
}

function toResponse({ response, body }: RecordedAnswer, config: InternalAxiosRequestConfig) {
  const { status, headers, contentType } = response;
  const all = new AxiosHeaders({ ...headers, ...(contentType && { 'content-type': contentType }) });
  return { data: body, status, statusText: '', headers: all, config };
}

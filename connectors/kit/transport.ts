import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosAdapter, type AxiosResponse } from 'axios';
import { NetworkDownError, SchemaDriftError } from '../../core/errors.ts';
import { SECOND_MS } from '../../core/time-window.ts';
import manifest from '../../package.json' with { type: 'json' };
import { routeTo } from './address.ts';
import { plainCause } from './redact.ts';

/** Without a byte for this long, the network has hung up on us without saying so. */
const SILENCE_MS = 15 * SECOND_MS;
/** The whole of one attempt, because a slow trickle never falls silent. */
const ATTEMPT_MS = 30 * SECOND_MS;
const MAX_BYTES = 50 * 1024 * 1024;
const USER_AGENT = `Tributary/${manifest.version}`;
const SOCKETS = { keepAlive: true, maxSockets: 4 };
const AGENTS = { httpAgent: new HttpAgent(SOCKETS), httpsAgent: new HttpsAgent(SOCKETS) };
const CONNECTION_CODES =
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)$/;

export interface WireCall {
  readonly method: 'GET' | 'POST';
  /** The real address; the transport knows where that is today. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For files that the network takes minutes to write. */
  readonly timeoutMs?: number;
}

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export interface TransportOptions {
  readonly network: string;
  readonly origin?: string | undefined;
  readonly adapter?: AxiosAdapter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One attempt, one answer, whatever its status. Throws a NetworkDownError when no whole answer came. */
export type Transport = (call: WireCall, remainingMs: number) => Promise<RawAnswer>;

export function createTransport({ network, origin, adapter, signal }: TransportOptions): Transport {
  const wire = axios.create({
    ...AGENTS,
    ...(adapter && { adapter }),
    responseType: 'arraybuffer',
    transformResponse: [],
    validateStatus: () => true,
    maxRedirects: 0,
    maxContentLength: MAX_BYTES,
    proxy: false,
  });
  return async (call, remainingMs) => {
    signal?.throwIfAborted();
    const limitMs = Math.min(call.timeoutMs ?? ATTEMPT_MS, remainingMs);
    const attempt = startAttempt(limitMs, signal);
    try {
      const answer = await wire.request<unknown>({
        method: call.method,
        url: routeTo(call.url, origin),
        headers: { 'user-agent': USER_AGENT, ...call.headers },
        timeout: Math.min(call.timeoutMs ?? SILENCE_MS, limitMs),
        signal: attempt.signal,
        ...(call.body !== undefined && { data: call.body }),
      });
      return { status: answer.status, headers: plainHeaders(answer), bytes: toBuffer(answer.data) };
    } catch (error) {
      signal?.throwIfAborted();
      throw attempt.signal.aborted ? tooSlow(network, limitMs) : translate(network, error);
    } finally {
      attempt.end();
    }
  };
}

/** Ends with its time or with the job. Own timer and listener, because both must be gone when the attempt is. */
function startAttempt(limitMs: number, job: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, limitMs);
  job?.addEventListener('abort', abort);
  const end = () => {
    clearTimeout(timer);
    job?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, end };
}

function tooSlow(network: string, limitMs: number): NetworkDownError {
  return new NetworkDownError(`${network} did not finish its answer within ${Math.round(limitMs / SECOND_MS)} s.`);
}

/** Our own errors (a replay that has come to its end) pass through; axios' never do: they carry the request. */
function translate(network: string, error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (!axios.isAxiosError(error) && !(typeof code === 'string' && CONNECTION_CODES.test(code))) return error;
  const cause = plainCause(error);
  if (cause.message.includes('maxContentLength')) {
    const size = `${MAX_BYTES / 1024 / 1024} MB`;
    return new SchemaDriftError(`${network} sent an answer of more than ${size}: no page is that large.`, null, {
      cause,
    });
  }
  const why = typeof code === 'string' ? ` (${code})` : '';
  return new NetworkDownError(`${network} could not be reached, or broke off its answer${why}.`, { cause });
}

function plainHeaders({ headers }: AxiosResponse): Record<string, string> {
  const entries = Object.entries(headers as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter(([, value]) => value != null).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(typeof data === 'string' ? data : '');
}

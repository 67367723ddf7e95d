import type { AxiosAdapter } from 'axios';
import type { Clock } from '../../core/clock.ts';
import { CredentialsRefusedError } from '../../core/errors.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/time-window.ts';
import type { Connector, HttpClient, PostBody } from '../contract.ts';
import { type Caller, type CallLogEntry, createCaller, type Proof } from './call.ts';
import { type Limiter, limitKey } from './limiter.ts';
import { type Reading, readFileAnswer, readJsonAnswer, readXmlAnswer } from './reading.ts';
import { createRedactor, type Redactor, secretsOf } from './redact.ts';
import type { Token, TokenStore } from './tokens.ts';
import { createTransport } from './transport.ts';

/** Over all attempts of one call. */
const DEADLINE_MS = 2 * MINUTE_MS;
/** A token that is about to die is renewed before it is refused. */
const TOKEN_MARGIN_MS = MINUTE_MS;
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

export interface HttpClientOptions {
  readonly connector: Connector;
  /** As `connector.credentials` has parsed them. */
  readonly credentials: Readonly<Record<string, unknown>>;
  /** All waiting goes through it. */
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly tokens: TokenStore;
  /** Ends the job: its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
  /** Where the declared hosts really are: `https://api.awin.com/x` becomes `${origin}/api.awin.com/x`. */
  readonly origin?: string | undefined;
  /** For replay, recording and the in-process sandbox. */
  readonly adapter?: AxiosAdapter | undefined;
  readonly log?: ((entry: CallLogEntry) => void) | undefined;
  readonly deadlineMs?: number | undefined;
}

/** The HTTP client of one account. Whatever it throws is ours (or the job's own end) and holds no secret. */
export function createHttpClient(options: HttpClientOptions): HttpClient & { readonly calls: number } {
  const { connector, credentials, clock, limiter, signal, log, deadlineMs = DEADLINE_MS } = options;
  const redactor = createRedactor(secretsOf(connector.credentials, credentials));
  const key = limitKey(connector, credentials);
  const caller = createCaller({
    connector,
    clock,
    signal,
    deadlineMs,
    redactor,
    log,
    transport: createTransport({ network: connector.name, ...options }),
    take: () => limiter.take(connector, key, signal),
  });
  const methods = clientOver(caller, proofOf(options, caller, redactor), options, redactor);
  return Object.defineProperty(methods, 'calls', { get: () => caller.attempts, enumerable: true }) as HttpClient & {
    readonly calls: number;
  };
}

/** The same calls with another proof: the exchange of a token has none. */
function clientOver(
  caller: Caller,
  proof: Proof | null,
  { clock, signal }: Pick<HttpClientOptions, 'clock' | 'signal'>,
  redactor: Redactor,
): HttpClient {
  const make: Caller['make'] = async (call, by) => {
    try {
      return await caller.make(call, by);
    } catch (error) {
      throw signal?.aborted && error === signal.reason ? error : redactor.error(error);
    }
  };
  const get = { method: 'GET', repeatable: true } as const;
  return {
    get(path, query, envelope) {
      const headers = { accept: 'application/json' };
      return make({ ...get, path, query, headers, format: 'json', read: (it) => readJsonAnswer(it, envelope) }, proof);
    },
    post(path, post, envelope) {
      const { headers, body } = encodePost(post);
      redactor.learn(...keysIn(headers));
      const call = { method: 'POST', path, headers, format: 'json', repeatable: post.idempotent === true } as const;
      return make({ ...call, ...(body !== undefined && { body }), read: (it) => readJsonAnswer(it, envelope) }, proof);
    },
    xml(path, query, lists, envelope) {
      const headers = { accept: 'application/xml, text/xml' };
      const read = (it: Reading) => readXmlAnswer(it, lists, envelope);
      return make({ ...get, path, query, headers, format: 'xml', read }, proof);
    },
    bytes(path, query = {}, { anonymous = false, timeoutMs } = {}) {
      const call = { ...get, path, query, headers: { accept: '*/*' }, format: 'file', read: readFileAnswer } as const;
      return make({ ...call, ...(timeoutMs !== undefined && { timeoutMs }) }, anonymous ? null : proof);
    },
    wait: (ms) => clock.sleep(ms, signal),
  };
}

/** The key itself, or the token that it is exchanged for: kept, renewed in time, and renewed once when refused. */
function proofOf(options: HttpClientOptions, caller: Caller, redactor: Redactor): Proof {
  const { connector, credentials, clock, tokens } = options;
  const { token } = connector;
  let used: string | null = null;

  async function exchange(by: NonNullable<Connector['token']>): Promise<Token> {
    const { value, expiresInSeconds } = await by.exchange(clientOver(caller, null, options, redactor), credentials);
    redactor.learn(value);
    return { value, expiresAt: new Date(clock.now().getTime() + expiresInSeconds * SECOND_MS) };
  }

  async function currentToken(): Promise<string> {
    if (!token) return '';
    const known = await tokens.read();
    const isAlive = known && known.expiresAt.getTime() - clock.now().getTime() > TOKEN_MARGIN_MS;
    const { value } = isAlive ? known : await tokens.refresh(() => exchange(token), known?.value);
    redactor.learn(value);
    used = value;
    return value;
  }

  return {
    async headers() {
      const headers = lowerCase(connector.authorise(credentials, await currentToken()));
      redactor.learn(...keysIn(headers));
      if (Object.values(headers).some((value) => !HEADER_TEXT.test(value))) {
        throw new CredentialsRefusedError(
          `The key for ${connector.name} holds a line break or a character that no key has. Copy it again, whole and alone.`,
        );
      }
      return headers;
    },
    async renew() {
      if (!token || used === null) return false;
      await tokens.refresh(() => exchange(token), used);
      return true;
    },
  };
}

function encodePost({ json, form, headers: own = {} }: PostBody) {
  const type = form ? 'application/x-www-form-urlencoded' : json === undefined ? null : 'application/json';
  return {
    headers: { accept: 'application/json', ...(type && { 'content-type': type }), ...lowerCase(own) },
    body: form ? new URLSearchParams(form).toString() : json === undefined ? undefined : JSON.stringify(json),
  };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What a header proves with: `Bearer x` is the secret `x`. */
function keysIn(headers: Readonly<Record<string, string>>): string[] {
  const keys = Object.entries(headers).filter(([name]) => /auth|token|key|secret|sign/.test(name));
  return keys.map(([, value]) => value.replace(/^(?:Bearer|Basic|Token)\s+/i, ''));
}

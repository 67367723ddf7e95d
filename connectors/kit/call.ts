import type { Clock } from '../../core/clock.ts';
import { CredentialsRefusedError, NetworkDownError, RateLimitedError } from '../../core/errors.ts';
import type { Connector, Query } from '../contract.ts';
import { addressOf, mayCall } from './address.ts';
import { type Format, openAnswer, type Reading, statusError } from './reading.ts';
import type { Redactor } from './redact.ts';
import { LONGEST_WAIT_MS, persist } from './retry.ts';
import type { RawAnswer, Transport, WireCall } from './transport.ts';

/** One line per attempt, for the log: nothing in it is secret. */
export interface CallLogEntry {
  readonly method: string;
  readonly url: string;
  /** Null where no whole answer came. */
  readonly status: number | null;
  readonly ms: number;
  readonly attempt: number;
  readonly bytes: number;
}

/** A question to the network, and how its answer is read. */
export interface Call<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Query;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly format: Format;
  readonly repeatable: boolean;
  read(reading: Reading): T;
}

export interface CallerParts {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs: number;
  readonly redactor: Redactor;
  readonly transport: Transport;
  readonly take: () => Promise<() => void>;
  readonly log?: ((entry: CallLogEntry) => void) | undefined;
}

/** Proves who asks. Absent for the exchange of a token and for addresses that carry their own proof. */
export interface Proof {
  headers(): Promise<Readonly<Record<string, string>>>;
  /** Gets another proof after the last one was refused; false where there is none to get. */
  renew(): Promise<boolean>;
}

interface Exchange {
  readonly wire: WireCall;
  readonly raw: RawAnswer;
}

export interface Caller {
  readonly attempts: number;
  make<T>(call: Call<T>, proof: Proof | null): Promise<T>;
}

/** Makes calls: attempts with patience, each within the limits, each judged by the connector before anyone else. */
export function createCaller({ connector, clock, redactor, transport, take, log, ...patience }: CallerParts): Caller {
  let attempts = 0;

  async function send(wire: WireCall, attempt: number, remainingMs: number): Promise<RawAnswer> {
    attempts += 1;
    const started = performance.now();
    let raw: RawAnswer | null = null;
    try {
      raw = await transport(wire, remainingMs);
      return raw;
    } finally {
      log?.({
        method: wire.method,
        url: redactor.text(wire.url.href),
        status: raw?.status ?? null,
        ms: Math.round(performance.now() - started),
        attempt,
        bytes: raw?.bytes.length ?? 0,
      });
    }
  }

  /**
   * A file may lie elsewhere: one step to a declared host, without the key, which is none of its business. It belongs to
   * the call that it answers, so it takes no slot of its own.
   */
  async function follow(wire: WireCall, raw: RawAnswer, attempt: number, remainingMs: number): Promise<Exchange> {
    const { location } = raw.headers;
    const target = location && URL.canParse(location, wire.url.href) ? new URL(location, wire.url) : null;
    const isRedirect = raw.status >= 300 && raw.status < 400;
    if (!isRedirect || !target || !mayCall(connector.hosts, target)) return { wire, raw };
    const next: WireCall = { ...wire, url: target, headers: { accept: '*/*' } };
    return { wire: next, raw: await send(next, attempt, remainingMs) };
  }

  async function make<T>(call: Call<T>, proof: Proof | null): Promise<T> {
    const { format, repeatable, timeoutMs = 0 } = call;
    // The exchange of a token has no proof yet, but carries the key all the same: only a file may be asked for without.
    const withKey = proof !== null || format !== 'file';
    const url = addressOf(connector, call.path, call.query, { withKey });
    const deadlineMs = Math.max(patience.deadlineMs, timeoutMs);
    let key: Readonly<Record<string, string>> = {};
    let attempt = 0;
    let lastStatus = 0;
    let isExplained = false;

    async function once(remainingMs: number): Promise<T> {
      attempt += 1;
      const first = wireCall(call, url, key);
      const answered = await send(first, attempt, remainingMs);
      const { wire, raw } =
        format === 'file' ? await follow(first, answered, attempt, remainingMs) : { wire: first, raw: answered };
      const reading = openAnswer({ network: connector.name, call: wire, raw, clean: redactor.text }, format, attempt);
      // A storage that a link leads to knows nothing of the network's words, nor of the key.
      const isLink = format === 'file' && (!proof || wire !== first);
      const explained = isLink ? expiredLink(reading) : (connector.explain?.(reading.answer) ?? null);
      lastStatus = raw.status;
      isExplained = explained !== null;
      const error = explained ?? statusError(reading, clock.now());
      if (error) throw error;
      return call.read(reading);
    }

    /** The key first: its exchange is a call too, and must not wait for a slot that we hold. */
    async function prepare(): Promise<() => void> {
      key = (await proof?.headers()) ?? {};
      return take();
    }

    const tries = () => persist({ ...patience, clock, take: prepare, deadlineMs, repeatable }, once);
    try {
      return await tries().catch(async (error: unknown) => {
        const isRefused = error instanceof CredentialsRefusedError && (lastStatus === 401 || isExplained);
        if (isRefused && (await proof?.renew())) return tries();
        throw error;
      });
    } catch (error) {
      throw stillDown(error, lastStatus, connector.name);
    }
  }

  return {
    get attempts() {
      return attempts;
    },
    make,
  };
}

function wireCall<T>({ method, headers, body, timeoutMs }: Call<T>, url: URL, key: WireCall['headers']): WireCall {
  return {
    method,
    url,
    headers: { ...headers, ...key },
    ...(body !== undefined && { body }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

/** A signed link dies after some minutes: the next run asks for a new one, and the key is not to blame. */
function expiredLink({ network, answer: { status } }: Reading): NetworkDownError | null {
  if (status !== 401 && status !== 403) return null;
  return new NetworkDownError(
    `The link to a file of ${network} is not accepted any more (${status}). We ask for a new one.`,
  );
}

/** A 503 that outlasts our patience is an outage and not a quota, whatever it asks for in the meantime. */
function stillDown(error: unknown, status: number, network: string): unknown {
  if (!(error instanceof RateLimitedError) || status !== 503 || error.retryAfterMs > LONGEST_WAIT_MS) return error;
  return new NetworkDownError(`${network} has not been available for some minutes (503).`, {
    cause: error.cause,
    networkWords: error.networkWords,
  });
}

import type { z } from 'zod';
import type { ConversionFields } from '../core/conversion.ts';
import type { TributaryError } from '../core/errors.ts';
import type { Decimal } from '../core/money.ts';
import type { TimeWindow } from '../core/time-window.ts';

/**
 * How one network is read. Mostly data: the engine owns windows, retries, rate limits, checkpoints, saving, logs and the
 * clock, once, for every network. Code in a connector is `authorise`, `pages` and `normalise`.
 */
export interface Connector<C extends z.ZodObject = z.ZodObject> {
  /** Stored with every row: never rename. */
  readonly id: string;
  readonly name: string;
  readonly docsUrl: string;
  /** Day of the last good run against a live account, or null: nobody has yet. */
  readonly verifiedOn: string | null;
  /**
   * The only hosts that it may call. The first one is where relative paths go. `*.example.com` is for storage whose exact
   * host a network does not publish, and is only ever called without the key.
   */
  readonly hosts: readonly [string, ...string[]];
  readonly limits: Limits;
  /** Parses what is stored and draws the settings form: `.meta({ title, description, secret })` on each field. */
  readonly credentials: C;
  /** Zone in which the network counts its days, and where the currency of a row comes from. */
  readonly reports: { readonly timeZone: string; readonly currency: 'row' | 'account' };
  /** Present where a key must first be exchanged for a token; the engine caches it, sealed, and refreshes it once. */
  readonly token?: TokenExchange<z.output<C>>;
  /** The headers that prove who asks. `token` is the exchanged token where the connector declares one. */
  authorise(credentials: z.output<C>, token: string): Readonly<Record<string, string>>;
  /** One cheap call that proves the key, and says whose account it is. */
  check(http: HttpClient, credentials: z.output<C>): Promise<AccountIdentity>;
  /**
   * Reads an answer that plain HTTP does not explain: an error with status 200, a throttle as 403. Returns the error that
   * it means, or null to let the usual reading stand. Sees every answer before its status is judged.
   */
  explain?(answer: Answer): TributaryError | null;
  readonly streams: Streams<z.output<C>>;
  /** Report files that the owner may import; rows go through `streams.conversions.normalise`. */
  readonly files?: readonly ReportFile<z.output<C>>[];
  /** Builds a deep link that carries a sub-id back to us. Absent where the network has none to build from an id. */
  readonly link?: LinkBuilder<z.output<C>>;
}

export interface Limits {
  readonly perMinute?: number;
  readonly perHour?: number;
  readonly perDay?: number;
  /** Calls under way at once. */
  readonly parallel: number;
}

export interface Streams<C> {
  readonly conversions: Stream<ConversionFields, C>;
  readonly programs?: Stream<Program, C>;
  readonly clicks?: Stream<ClicksOfDay, C>;
  readonly payments?: Stream<Payment, C>;
  /** Word from another place that conversions have been paid; never changes amounts. */
  readonly settlements?: Stream<Settlement, C>;
}
export type StreamName = keyof Streams<unknown>;

export interface Stream<Row, C> {
  /** The ways of asking: new rows, changed rows, open ids, a whole day again. Names are unique within a connector. */
  readonly passes: readonly Pass[];
  /** Asks one question, page by page. Bounded: it ends or throws. Checks the envelope; rows stay unread. */
  pages(http: HttpClient, question: Question, credentials: C): AsyncIterable<Page>;
  /**
   * Reads one row: pure. Throws when it cannot read the row whole (it is then set aside, its neighbours are saved);
   * returns null for a row that is no business of this stream.
   */
  normalise(raw: unknown, credentials: C): Row | null;
  /** The network's id of a row that `normalise` refuses, so that it is settled when the id is read later. May throw. */
  identify?(raw: unknown): string | null;
}

export interface Pass {
  /** Stored with checkpoints and schedules: never rename. */
  readonly name: string;
  /** What the window of a question means. `list` has no window: the whole list, every time. */
  readonly by: 'created' | 'changed' | 'validated' | 'locked' | 'open-ids' | 'snapshot-day' | 'list';
  readonly every: 'hour' | 'night' | 'week';
  /** Longest range that one question may cover. */
  readonly maxWindowDays: number;
  /** How far behind its checkpoint the pass starts again. `open-ids` and `list` know no time: they ask about everything. */
  readonly lookbackDays: number;
  /** How far the network's history reaches through this pass. Only passes that say so are back-filled. */
  readonly historyDays?: number;
  /** `open-ids` only: the most ids that one question may carry. */
  readonly idsPerQuestion?: number;
  /** `open-ids` only: which of our rows are asked about again. */
  readonly openStatuses?: readonly ('pending' | 'approved')[];
  /**
   * The answer to a window holds every row whose `occurredAt` lies in it, so that a row of ours that is no longer there
   * has vanished at the network.
   */
  readonly whole?: boolean;
}

export interface Question extends TimeWindow {
  readonly pass: Pass;
  /** `open-ids`: the network's ids to ask about; empty in every other pass. */
  readonly ids: readonly string[];
}

/** Rows in the order in which the network gave them; or a whole day, which replaces what we have of that day. */
export type Page = readonly unknown[] | DaySnapshot;
export interface DaySnapshot {
  /** `YYYY-MM-DD`, by the `occurredAt` of its rows in UTC. */
  readonly day: string;
  readonly rows: readonly unknown[];
}

export interface TokenExchange<C> {
  exchange(http: HttpClient, credentials: C): Promise<{ readonly value: string; readonly expiresInSeconds: number }>;
}

export interface AccountIdentity {
  /** What the network calls the account, to show beside the key. */
  readonly label: string;
  readonly currency: string | null;
}

export interface Program {
  readonly programId: string;
  readonly name: string;
  /** The network's word for our standing with the program (`joined`, `Active`, …). */
  readonly status: string | null;
  readonly currency: string | null;
  readonly url: string | null;
}

export interface ClicksOfDay {
  readonly day: string;
  readonly programId: string | null;
  readonly subId: string | null;
  readonly clicks: number;
}

export interface Payment {
  readonly paymentRef: string;
  readonly amount: Decimal;
  readonly currency: string;
  readonly paidAt: Date | null;
  /** The network's word. */
  readonly statusRaw: string | null;
}

export interface Settlement {
  readonly networkTransactionId: string;
  readonly paymentRef: string;
  readonly paidAt: Date | null;
}

export interface ReportFile<C> {
  readonly kind: string;
  readonly title: string;
  /** Looks at the first kilobytes (decoded) and the name, and says whether it is this kind. */
  recognises(head: string, fileName: string): boolean;
  /** Yields pages of rows for `conversions.normalise`. Throws a FileRefusedError that names line and column. */
  pages(bytes: Buffer, fileName: string, credentials: C): Iterable<Page>;
}

export interface LinkBuilder<C> {
  readonly subId: { readonly parameter: string; readonly maxLength: number; readonly pattern: RegExp };
  /** Throws a SetupError where the target or the sub-id does not fit the network. */
  build(target: LinkTarget, credentials: C): string;
}

export interface LinkTarget {
  readonly programId: string;
  readonly destination: string;
  readonly subId: string | null;
  /** A tracking address or an ad id, where the network needs one. */
  readonly placement?: string;
}

/** What a connector may do on the network: nothing but ask its declared hosts, within its limits, redacted in logs. */
export interface HttpClient {
  /** GET JSON. `path` is relative to the first host, or absolute on a declared one. Digits of long numbers are kept. */
  get<S extends z.ZodType>(path: string, query: Query, envelope: S): Promise<z.output<S>>;
  /** POST JSON (or a form) and read JSON. Repeated after a failure only where `idempotent`. */
  post<S extends z.ZodType>(path: string, body: PostBody, envelope: S): Promise<z.output<S>>;
  /** GET XML, attributes as `@name`, every value as text. `lists` name the elements that are arrays even when alone. */
  xml<S extends z.ZodType>(path: string, query: Query, lists: readonly string[], envelope: S): Promise<z.output<S>>;
  /** GET raw bytes, for report files. `anonymous` sends no key along (a pre-signed address). */
  bytes(path: string, query?: Query, options?: { anonymous?: boolean; timeoutMs?: number }): Promise<Buffer>;
  /** Waits by the engine's clock, for jobs that the network prepares. */
  wait(ms: number): Promise<void>;
}
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
export interface PostBody {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotent?: boolean;
}

/** An answer as `explain` sees it. `body` is parsed JSON where it is JSON, else text. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** How often this call has been tried, this one included. */
  readonly attempt: number;
}

/** Types a connector by its own credentials and forgets them afterwards: the registry holds many kinds. */
export function defineConnector<C extends z.ZodObject>(connector: Connector<C>): Connector {
  return connector as unknown as Connector;
}

/** One request as a simulated network sees it, whichever way it came. */
export interface WireRequest {
  readonly method: string;
  /** The real network's host: one sandbox server tells them apart by it. */
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Break off after this many bytes, as a lost connection does. */
  readonly cutAfter?: number;
}

/** One network's wire format over the world: pure but for the world's own clock, its rate-limit counters and tokens. */
export interface SimulatedNetwork {
  /** The connector's id. */
  readonly id: string;
  readonly hosts: readonly string[];
  /** What an account must enter to be let in. */
  readonly credentials: Readonly<Record<string, string>>;
  answer(request: WireRequest, mood?: Mood): WireAnswer;
  /** The ways in which this network asks its callers to wait. */
  readonly throttles: readonly WireAnswer[];
  /** Where its conversions are listed: only such answers repeat rows or drift. */
  readonly listing: Listing;
  /** Lets every token run out at once, at networks that hand out any. */
  forgetTokens?(): void;
}

export interface Mood {
  /** A row has come in between two pages, so that the last row of one page opens the next. */
  readonly shifted?: boolean;
}

export interface Listing {
  readonly path: RegExp;
  /** Where the rows are, as a dotted path; empty where the answer is a bare array. */
  readonly rows: string;
  /** A field without which a row cannot be read. */
  readonly field: string;
  /** The same row twice in one answer means the same row. Not so where equal lines are two sales. */
  readonly repeatable: boolean;
}

/** An answer in JSON. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(body),
  };
}

/** An answer as plain text, or as text of another kind. */
export function text(status: number, body: string, contentType = 'text/plain; charset=utf-8'): WireAnswer {
  return { status, headers: { 'content-type': contentType }, body };
}

/** What proxies in front of an ill network say. */
export function html(status: number, title: string): WireAnswer {
  const page = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return text(status, page, 'text/html; charset=utf-8');
}

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

/** One network's wire format over the world: pure but for the world's own clock and its rate-limit counters. */
export interface SimulatedNetwork {
  /** The connector's id. */
  readonly id: string;
  readonly hosts: readonly string[];
  answer(request: WireRequest): WireAnswer;
}

/**
 * One class per reaction, not per cause. `message` is a sentence for the owner; `networkWords` is what the network said,
 * with secrets removed. Nothing in an error may hold a key: whoever throws has already redacted.
 */
export abstract class TributaryError extends Error {
  /** What scripts and the database store. */
  abstract readonly code: string;
  readonly networkWords: string | null;
  constructor(message: string, { cause, networkWords = null }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.networkWords = networkWords;
  }
}

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly networkWords?: string | null;
}

/** The network refuses the key. Reaction: the account pauses until its owner gives a new one. */
export class CredentialsRefusedError extends TributaryError {
  readonly code = 'credentials';
}

/** The network asks us to wait. Reaction: the job is given back to the queue for `retryAfterMs`. */
export class RateLimitedError extends TributaryError {
  readonly code = 'quota';
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs: number, details?: ErrorDetails) {
    super(message, details);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The network cannot be reached or is ill. Reaction: try again later, with backoff. */
export class NetworkDownError extends TributaryError {
  readonly code = 'network';
}

/** The network says that our question is wrong. Reaction: stop this pass and tell the owner; a retry cannot help. */
export class RequestRefusedError extends TributaryError {
  readonly code = 'request';
}

/** The answer no longer has the expected shape. Reaction: the run ends, nothing of it is stored, a sample is kept. */
export class SchemaDriftError extends TributaryError {
  readonly code = 'drift';
  readonly sample: DriftSample | null;
  constructor(message: string, sample: DriftSample | null, details?: ErrorDetails) {
    super(message, details);
    this.sample = sample;
  }
}

/** The raw answer, secrets removed, so that somebody can look and make a recording of it. */
export interface DriftSample {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

/** One row cannot be read whole. Reaction: it is set aside with this reason; its neighbours are saved. */
export class UnreadableRowError extends TributaryError {
  readonly code = 'row';
}

/** A newer run owns the account, or the account is gone. Reaction: stop at once; nothing was written. */
export class StaleRunError extends TributaryError {
  readonly code = 'stale';
}

/** Another run of the same account is under way. Reaction: come back in a moment. */
export class AccountBusyError extends TributaryError {
  readonly code = 'busy';
}

/** A file that cannot be imported. Reaction: nothing is stored; the owner sees the line and column. */
export class FileRefusedError extends TributaryError {
  readonly code = 'file';
  readonly line: number | null;
  readonly column: string | null;
  constructor(message: string, place: { line?: number; column?: string } = {}, details?: ErrorDetails) {
    super(message, details);
    this.line = place.line ?? null;
    this.column = place.column ?? null;
  }
}

/** A setting, an argument or a machine that does not fit. Reaction: say all of it in one list and stop before anything starts. */
export class SetupError extends TributaryError {
  readonly code = 'setup';
}

/** Something of ours broke: the database went away, or a bug. Reaction: try again with backoff, and wake a person. */
class FaultError extends TributaryError {
  readonly code = 'fault';
}

/** Any thrown value as an error with a code: what is not ours is a fault of ours. */
export function asTributaryError(error: unknown): TributaryError {
  if (error instanceof TributaryError) return error;
  return new FaultError(error instanceof Error ? error.message : String(error), { cause: error });
}

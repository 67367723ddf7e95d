/**
 * Where lines for the person who runs it go; a pino logger fits. `info` is one line per sync, `warn` healed or was set
 * aside, `error` wakes a person. Never a secret in either argument.
 */
export interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

const nothing = () => {};

/** For tests, and where nobody listens. */
export const silentLog: Log = { info: nothing, warn: nothing, error: nothing };

import { expect, it } from 'vitest';
import {
  AccountBusyError,
  CredentialsRefusedError,
  NetworkDownError,
  RateLimitedError,
  RequestRefusedError,
  SchemaDriftError,
  SetupError,
  StaleRunError,
} from '../../core/errors.ts';
import { verbFor } from '../../workers/sync-worker.ts';

it.each([
  { error: new RateLimitedError('wait', 7_000), becomes: { verb: 'later', afterMs: 7_000 } },
  { error: new AccountBusyError('busy'), becomes: { verb: 'later', afterMs: 1_000 } },
  { error: new CredentialsRefusedError('refused'), becomes: { verb: 'park' } },
  { error: new SchemaDriftError('drift', null), becomes: { verb: 'park' } },
  { error: new RequestRefusedError('wrong'), becomes: { verb: 'park' } },
  { error: new StaleRunError('stale'), becomes: { verb: 'park' } },
  { error: new NetworkDownError('down'), becomes: { verb: 'retry' } },
  { error: new SetupError('anything else of ours'), becomes: { verb: 'retry' } },
  { error: new TypeError('a bug'), becomes: { verb: 'retry' } },
  { error: 'not even an error', becomes: { verb: 'retry' } },
])('$error.name becomes $becomes.verb', ({ error, becomes }) => {
  expect(verbFor(error)).toEqual(becomes);
});

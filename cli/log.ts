import pino from 'pino';
import type { Config } from '../core/config.ts';
import type { Log } from '../core/log.ts';
import type { Terminal } from './shell.ts';

/** Names under which a secret could slip into a line. Nothing of ours logs one; this is the net below. */
const SECRET_NAMES = [
  'authorization',
  'credentials',
  'headers',
  'password',
  'secret',
  'token',
  'apiKey',
  'accessToken',
];

/** The log of this process: one JSON line each, beside the answers, never among them. */
export function openLog(level: Config['logLevel'], to: Terminal): Log {
  const paths = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ level, redact: { paths, censor: '[redacted]' } }, { write: (line: string) => void to.write(line) });
}

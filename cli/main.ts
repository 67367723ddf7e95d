import manifest from '../package.json' with { type: 'json' };
import { EXIT } from './explain.ts';
import { runCommandLine } from './program.ts';

/** npm passes on a Ctrl-C that the terminal has already sent to us: so soon after the first, it is the same one. */
const SAME_SIGNAL_MS = 1_000;

/** The first Ctrl-C (or SIGTERM) lets what is under way come to a good end; the second does not wait for it. */
const stop = new AbortController();
let stoppedAt = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted && performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(EXIT.stopped);
    if (!stop.signal.aborted) stoppedAt = performance.now();
    stop.abort();
  });
}

/** Whoever reads our answers may have seen enough (`tributary status | head -1`): that is no error. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? EXIT.fine);
  });
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  version: manifest.version,
  input: process.stdin,
  out: process.stdout,
  err: process.stderr,
  signal: stop.signal,
  exitCode: EXIT.fine,
});

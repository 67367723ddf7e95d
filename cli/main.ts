import manifest from '../package.json' with { type: 'json' };
import { EXIT } from './explain.ts';
import { runCommandLine } from './program.ts';

/** The first Ctrl-C (or SIGTERM) lets what is under way come to a good end; the second does not wait for it. */
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(EXIT.stopped);
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

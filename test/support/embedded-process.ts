/**
 * A start of the embedded PostgreSQL in a process of its own, so that tests can kill it or run it as another user. Its
 * one argument is the options as JSON. It prints one line: what it got, or why it was refused. A line on its input stops
 * it in good order; `throw` ends it by an error that nobody catches.
 */
import { createInterface } from 'node:readline';
import { startEmbedded } from '../../db/embedded/launcher.ts';

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
try {
  const server = await startEmbedded(JSON.parse(process.argv[2] ?? '{}'));
  say({ url: server.url, port: server.port, adopted: server.adopted });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'throw') throw new Error('as planned');
    await server.stop();
    process.exit(0);
  }
} catch (error) {
  if (error instanceof Error && error.message === 'as planned') throw error;
  say({ refused: error instanceof Error ? error.name : String(error), message: String(error) });
}

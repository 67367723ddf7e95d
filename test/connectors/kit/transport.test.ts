import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AxiosError } from 'axios';
import { afterEach, expect, it } from 'vitest';
import { createTransport, type TransportOptions } from '../../../connectors/kit/transport.ts';
import { NetworkDownError, SchemaDriftError } from '../../../core/errors.ts';
import { HOST, thrownBy } from './example-network.ts';

const call = { method: 'GET', url: new URL(`${HOST}/v2/sales`), headers: {} } as const;
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A network with real sockets, for what a mock cannot do to them. */
async function networkThat(answers: RequestListener, options: Partial<TransportOptions> = {}) {
  server = createServer(answers);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return createTransport({ network: 'Lumora', origin: `http://127.0.0.1:${port}`, ...options });
}

it('ends an answer that trickles and never falls silent', async () => {
  const transport = await networkThat((_, res) => {
    const drip = setInterval(() => res.write(' '), 20);
    res.on('close', () => clearInterval(drip));
  });
  const started = performance.now();
  const error = await thrownBy(transport({ ...call, timeoutMs: 200 }, 60_000));
  expect(error).toBeInstanceOf(NetworkDownError);
  expect(performance.now() - started).toBeLessThan(2000);
});

it('spends no more than what is left of the deadline', async () => {
  const transport = await networkThat(() => undefined);
  expect(await thrownBy(transport(call, 100))).toBeInstanceOf(NetworkDownError);
});

it.each([
  { name: 'half of a body of known length', headers: { 'content-length': '1000' } },
  { name: 'half of a body in chunks', headers: {} },
])('takes $name for no answer', async ({ headers }) => {
  const transport = await networkThat((_, res) => {
    res.writeHead(200, headers);
    res.write('{"sales":[');
    setTimeout(() => res.destroy(), 20);
  });
  expect(await thrownBy(transport(call, 60_000))).toBeInstanceOf(NetworkDownError);
});

it('refuses a body beyond all measure', async () => {
  const piece = Buffer.alloc(4 * 1024 * 1024, 32);
  const transport = await networkThat((_, res) => {
    const more = () => {
      while (!res.destroyed && res.write(piece));
    };
    res.on('drain', more);
    more();
  });
  const error = await thrownBy(transport(call, 60_000));
  expect(error).toBeInstanceOf(SchemaDriftError);
  expect(error.message).toContain('50 MB');
});

it('uses one connection again', async () => {
  const sockets = new Set<unknown>();
  const transport = await networkThat((req, res) => {
    sockets.add(req.socket);
    res.end('{}');
  });
  for (let count = 0; count < 3; count += 1) await transport(call, 60_000);
  expect(sockets.size).toBe(1);
});

it('ends with the job', async () => {
  const job = new AbortController();
  const transport = await networkThat(() => job.abort(new Error('drained')), { signal: job.signal });
  expect((await thrownBy(transport(call, 60_000))).message).toBe('drained');
});

it('tells the end of a replay from a lost connection', async () => {
  const end = new Error('no more answers');
  const replay = createTransport({ network: 'Lumora', adapter: () => Promise.reject(end) });
  expect(await thrownBy(replay(call, 1000))).toBe(end);
  const lost = createTransport({
    network: 'Lumora',
    adapter: (config) => Promise.reject(new AxiosError('aborted', 'ECONNRESET', config)),
  });
  expect(await thrownBy(lost(call, 1000))).toBeInstanceOf(NetworkDownError);
});

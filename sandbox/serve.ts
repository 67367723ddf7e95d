import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios, { type AxiosAdapter, AxiosError, AxiosHeaders, type AxiosResponse, CanceledError } from 'axios';
import type { Sandbox } from './sandbox.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

export { createSandbox, type Sandbox } from './sandbox.ts';

/** Offers a sandbox on a socket; `/api.awin.com/publishers/…` is asked of the host `api.awin.com`. */
export async function serveSandbox(sandbox: Sandbox, options: { port: number; host?: string }) {
  const { port, host = '127.0.0.1' } = options;
  const server = createServer((incoming, response) => {
    receive(incoming)
      .then((request) => send(response, sandbox.answer(request)))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    origin: `http://${host}:${bound}`,
    close: () =>
      new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/**
 * The same without a socket, as an adapter for axios. Addresses may be those of the real networks or those of a served
 * sandbox; a broken connection comes as axios reports one over sockets.
 */
export function sandboxAdapter(sandbox: Sandbox): AxiosAdapter {
  return async (config) => {
    if (config.signal?.aborted) throw new CanceledError(undefined, undefined, config);
    const headers = AxiosHeaders.from(config.headers).toJSON();
    const url = new URL(axios.getUri(config));
    const answer = sandbox.answer({
      ...placeOf(sandbox, url),
      method: (config.method ?? 'get').toUpperCase(),
      query: url.searchParams,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
      body: config.data === undefined || config.data === null ? '' : String(config.data),
    });
    if (answer.cutAfter === 0) throw new AxiosError('socket hang up', 'ECONNRESET', config);
    return settled(config, answer);
  };
}

function settled(config: Parameters<AxiosAdapter>[0], answer: WireAnswer): AxiosResponse {
  const bytes = Buffer.from(answer.body);
  const response: AxiosResponse = {
    data: config.responseType === 'arraybuffer' ? bytes : bytes.toString('utf8'),
    status: answer.status,
    statusText: '',
    headers: new AxiosHeaders({ ...answer.headers, 'content-length': String(bytes.length) }),
    config,
    request: null,
  };
  if (answer.cutAfter !== undefined) {
    // The head was there, the body broke off: axios calls this a bad response and hands it along without its data.
    const torn = { ...response, data: undefined };
    throw new AxiosError('stream has been aborted', AxiosError.ERR_BAD_RESPONSE, config, null, torn);
  }
  if (!config.validateStatus || config.validateStatus(answer.status)) return response;
  const code = answer.status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
  throw new AxiosError(`Request failed with status code ${answer.status}`, code, config, null, response);
}

/** The host that is meant: the one of the address, or the first step of a path under the sandbox's own origin. */
function placeOf(sandbox: Sandbox, url: URL): Pick<WireRequest, 'host' | 'path'> {
  if (sandbox.hosts.includes(url.hostname)) return { host: url.hostname, path: url.pathname };
  const [, host = '', path = ''] = /^\/([^/]*)(.*)$/.exec(url.pathname) ?? [];
  return { host, path: path || '/' };
}

async function receive(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? '/', 'http://sandbox');
  const [, host = '', path = ''] = /^\/([^/]*)(.*)$/.exec(url.pathname) ?? [];
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()]);
  return {
    method: incoming.method ?? 'GET',
    host,
    path: path || '/',
    query: url.searchParams,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** A cut answer promises its whole length, gives a part of it (or nothing at all), and then the connection is gone. */
function send(response: ServerResponse, { status, headers, body, cutAfter }: WireAnswer): void {
  if (cutAfter === 0) {
    response.destroy();
    return;
  }
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  if (cutAfter === undefined) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, cutAfter), () => response.destroy());
}

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { SetupError } from '../core/errors.ts';

export interface Listening {
  readonly url: string;
  /** Lets answers under way end, for a moment, and then closes every connection. */
  close(): Promise<void>;
}

const TRIES = 20;
const GRACE_MS = 2_000;

/** Listens on the wanted port; where it is taken, on the next free one, unless it was asked for by name. */
export async function listen(
  app: Express,
  place: { host: string; port: number; portIsFixed: boolean },
): Promise<Listening> {
  const { host, port, portIsFixed } = place;
  const candidates = portIsFixed ? [port] : Array.from({ length: TRIES }, (_, step) => port + step);
  for (const candidate of candidates) {
    const server = await bind(app, host, candidate);
    if (server) return listening(server, host);
  }
  throw new SetupError(
    portIsFixed
      ? `Port ${port} is taken on ${host}. Choose another with --port, or leave it out to take the next free one.`
      : `Ports ${port} to ${port + TRIES - 1} are all taken on ${host}. Choose one with --port.`,
  );
}

function bind(app: Express, host: string, port: number): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host);
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return resolve(null);
      reject(new SetupError(`Cannot listen on ${host}:${port}: ${error.message}.`, { cause: error }));
    });
  });
}

function listening(server: Server, host: string): Listening {
  const { port } = server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return {
    url: `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

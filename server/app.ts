import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Log } from '../core/log.ts';
import type { Database } from '../db/client.ts';
import { healthRoutes } from './routes/health.ts';

export interface AppInput {
  readonly db: Database;
  readonly log: Log;
  readonly version: string;
  readonly isDemo: boolean;
}

const WEB = fileURLToPath(new URL('../web', import.meta.url));

/** The HTTP side. It answers about what the workers have read and never reads a network itself. */
export function createApp({ db, log, version, isDemo }: AppInput): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.set({
      'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    next();
  });
  app.use('/api/health', healthRoutes(db, { version, isDemo }));
  app.use('/api', (req, res) => {
    problem(res.status(404), 'not-found', 'There is nothing at this address', `${req.method} /api${req.path}`);
  });
  app.use(express.static(WEB, { index: 'index.html', extensions: ['html'] }));
  app.use((req, res) => problem(res.status(404), 'not-found', 'There is nothing at this address', req.path));
  app.use(problemHandler(log));
  return app;
}

/** What is not foreseen is our bug: logged, and nothing of it leaves. */
function problemHandler(log: Log): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (res.headersSent) return next(error);
    log.error({ method: req.method, path: req.path, reason: String(error) }, 'a request failed');
    problem(res.status(500), 'internal', 'Something broke here', 'The log of Tributary says what.');
  };
}

function problem(res: express.Response, type: string, title: string, detail: string): void {
  res.type('application/problem+json').send(JSON.stringify({ type, title, status: res.statusCode, detail }));
}

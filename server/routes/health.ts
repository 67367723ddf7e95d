import { Router } from 'express';
import type { Database } from '../../db/client.ts';
import { accountHealth } from '../../db/queries/account-health.ts';

/**
 * Whether this process can do its work: 200 while the database answers, else 503. How the networks are is told beside it
 * and changes nothing about the status: a refused key is no reason to restart a server.
 */
export function healthRoutes(db: Database, facts: { version: string; isDemo: boolean }): Router {
  const router = Router();
  router.get('/', async (_req, res) => {
    res.set('cache-control', 'no-store');
    try {
      res.json({ status: 'ok', ...facts, database: 'ok', accounts: await accountHealth(db) });
    } catch {
      res.status(503).json({ status: 'unavailable', ...facts, database: 'unreachable' });
    }
  });
  return router;
}

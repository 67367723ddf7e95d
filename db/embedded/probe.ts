import { realpath } from 'node:fs/promises';
import pg from 'pg';
import { type ConnectionFacts, connectionUrl } from './connection-file.ts';

/** What answers at the port: our server, our server that is not open yet (or closing), one that refuses us, or nobody. */
export type Probe = 'ready' | 'not-yet' | 'not-ours' | 'silent';

/** It starts or stops (57P03), or all of its places are taken at this moment (53300). */
const COME_BACK = new Set(['57P03', '53300']);

/** Tries a connection. With `clusterDir`, a server that serves another folder is not ours. */
export async function probe(facts: ConnectionFacts, clusterDir?: string): Promise<Probe> {
  const client = new pg.Client({ connectionString: connectionUrl(facts, 'postgres'), connectionTimeoutMillis: 3000 });
  client.on('error', () => {}); // the server may go while we talk; the query says so as well
  try {
    await client.connect();
    if (clusterDir === undefined) return 'ready';
    const { rows } = await client.query<{ path: string }>(`select current_setting('data_directory') as path`);
    const [served, wanted] = await Promise.all([real(rows[0]?.path ?? ''), real(clusterDir)]);
    return served === wanted ? 'ready' : 'not-ours';
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) return 'silent';
    return COME_BACK.has(error.code ?? '') ? 'not-yet' : 'not-ours';
  } finally {
    await client.end().catch(() => {});
  }
}

function real(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** Makes the product's database in a fresh cluster; elsewhere it is there already. */
export async function createDatabase(facts: ConnectionFacts, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: connectionUrl(facts, 'postgres') });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end().catch(() => {});
  }
}

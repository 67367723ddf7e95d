import type { Connector, Pass, Stream, StreamName } from '../connectors/contract.ts';
import { createHttpClient } from '../connectors/kit/http-client.ts';
import { SetupError } from '../core/errors.ts';
import type { RunHandle } from '../db/fence.ts';
import type { Account } from '../db/queries/accounts.ts';
import type { ReadCounts, RunKind } from '../db/queries/runs.ts';
import type { Engine } from './engine.ts';

/** One execution of a pass: what it reads with, what it writes under, and what it has counted so far. */
export interface PassRun {
  readonly engine: Engine;
  readonly account: Account;
  readonly connector: Connector;
  readonly credentials: Record<string, unknown>;
  readonly http: ReturnType<typeof createHttpClient>;
  readonly run: RunHandle;
  readonly stream: StreamName;
  readonly pass: Pass;
  readonly kind: RunKind;
  readonly read: ReadCounts;
  readonly signal: AbortSignal;
}

/** Finds a pass and its stream by the pass's stored name. Throws a SetupError where the connector has none of it. */
export function findPass(connector: Connector, name: string): { stream: StreamName; pass: Pass } {
  for (const [stream, { passes }] of streamsOf(connector)) {
    const pass = passes.find((candidate) => candidate.name === name);
    if (pass) return { stream, pass };
  }
  const known = passesOf(connector).map((pass) => pass.name);
  throw new SetupError(`${connector.name} has no pass "${name}". It has: ${known.join(', ')}.`);
}

/** Every pass of a connector, conversions first. */
export function passesOf(connector: Connector): Pass[] {
  return streamsOf(connector).flatMap(([, { passes }]) => passes);
}

type AnyStream = Stream<unknown, Record<string, unknown>>;

function streamsOf({ streams }: Connector): [StreamName, AnyStream][] {
  return Object.entries(streams).filter(([, stream]) => stream !== undefined) as [StreamName, AnyStream][];
}

/** The client of an account, and its keys, parsed: a stored key that no longer fits the schema says so. */
export async function openConnection(engine: Engine, account: Account, signal?: AbortSignal) {
  const connector = engine.connectorById(account.network);
  const parsed = connector.credentials.safeParse(await engine.openCredentials(account.id));
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(', ');
    throw new SetupError(`The keys of account "${account.name}" lack or misspell: ${fields}. Give them again.`);
  }
  const credentials = parsed.data;
  const http = createHttpClient({
    connector,
    credentials,
    clock: engine.clock,
    limiter: engine.limiter,
    tokens: engine.tokensFor(account.id),
    signal,
    origin: account.origin ?? undefined,
    adapter: engine.adapter,
  });
  return { connector, credentials, http };
}

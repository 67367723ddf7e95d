import { NetworkDownError, RateLimitedError, SetupError, TributaryError } from '../core/errors.ts';
import type { TimeWindow } from '../core/time-window.ts';
import type { Connector, HttpClient, Page, Pass, Question, Stream, StreamName } from './contract.ts';
import { recogniseFile } from './kit/report-file.ts';
import { withPlaceholders } from './placeholder.ts';
import { byFit, type Fit, type RecordedAnswers, recordedAnswers } from './recorded-answers.ts';
import { REFUSALS, type Recording, type ReplayedRefusal, type ReplayResult } from './recording.ts';
import { readRecording } from './recording-files.ts';
import { RecordingOverError, replayHttp } from './replay-http.ts';
import { emptyBooks, forgetDay, keep, type ReplayBooks, replayed } from './replay-result.ts';

/** Wide enough for anything recorded: which answer a question gets does not depend on its dates. */
const EVER: TimeWindow = { start: new Date('2000-01-01T00:00:00Z'), end: new Date('2100-01-01T00:00:00Z') };
/** Streams that say something about conversions; the others are left alone. */
const TOLD_BY = ['conversions', 'settlements', 'programs'] as const satisfies readonly StreamName[];

/** One way of asking: a pass of a stream. */
interface Way {
  readonly name: (typeof TOLD_BY)[number];
  readonly stream: Stream<unknown, Record<string, unknown>>;
  readonly pass: Pass;
}

interface Replay {
  readonly connector: Connector;
  readonly credentials: Record<string, unknown>;
  readonly answers: RecordedAnswers;
  readonly books: ReplayBooks;
}

/** Replays the recording in a folder through the connector of its network, without any network. */
export async function replayRecording(dir: string, connectors: readonly Connector[]): Promise<ReplayResult> {
  const recording = await readRecording(dir);
  const { network } = recording.case;
  const connector = connectors.find(({ id }) => id === network);
  if (!connector) throw new SetupError(`The recording in ${dir} is of "${network}", which is no network we can read.`);
  return replay(recording, connector);
}

/** What a recording comes to: the final state of every conversion in it, or how the network refused. */
export async function replay(recording: Recording, connector: Connector): Promise<ReplayResult> {
  const books = emptyBooks();
  const credentials = withPlaceholders(connector.credentials, recording.case.config);
  const job: Replay = { connector, credentials, answers: recordedAnswers(recording), books };
  try {
    importUploads(job, recording);
    const all = waysOf(connector);
    const named = all.filter(({ pass }) => pass.name === recording.case.pass);
    if (named.length > 0) await replayWays(job, named);
    await replayWays(job, named.length > 0 ? all.filter(({ name }) => name === 'programs') : all);
    const [first] = named.length > 0 ? named : all;
    // No call of any pass is recorded: what is may be the refusal of the key itself, on the way to the first call.
    if (first && job.answers.taken() === 0 && job.answers.hosts.length > 0) await ask(job, first);
    return replayed(books);
  } catch (error) {
    return refusalOf(error);
  }
}

function waysOf({ streams }: Connector): Way[] {
  return TOLD_BY.flatMap((name) => {
    const stream = streams[name] as Way['stream'] | undefined;
    return stream?.passes.map((pass) => ({ name, stream, pass })) ?? [];
  });
}

/** Runs, again and again, the way that the earliest unused answer was given to, until no answer fits any. */
async function replayWays(job: Replay, ways: readonly Way[]): Promise<void> {
  const open = new Set(ways);
  for (;;) {
    const offers = await Promise.all([...open].map(async (way) => ({ way, fit: await firstFit(job, way) })));
    const [best] = offers.flatMap(({ way, fit }) => (fit ? [{ way, fit }] : [])).sort(byTurn);
    if (!best) return;
    const before = job.answers.taken();
    await ask(job, best.way);
    if (job.answers.taken() === before) open.delete(best.way);
  }
}

/** The earliest answer first; among ways that may claim it, the one whose question is most like the recorded one. */
function byTurn(a: { readonly fit: Fit }, b: { readonly fit: Fit }): number {
  return a.fit.index - b.fit.index || byFit(a.fit, b.fit);
}

/** Which answer the first call of a way would get. The call is not made: its client only notes where it would go. */
async function firstFit(
  { connector, credentials, answers, books }: Replay,
  { stream, pass }: Way,
): Promise<Fit | null> {
  let fit: Fit | null | undefined;
  const note = async (method: string, path: string, query: object = {}): Promise<never> => {
    const url = new URL(path, `https://${connector.hosts[0]}/`);
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value].flat()) if (one !== undefined) url.searchParams.append(name, String(one));
    }
    fit ??= answers.find({ method, url });
    throw new RecordingOverError('Only looking.');
  };
  const looking: HttpClient = {
    get: (path, query) => note('GET', path, query),
    post: (path) => note('POST', path),
    xml: (path, query) => note('GET', path, query),
    bytes: (path, query) => note('GET', path, query),
    wait: async () => {},
  };
  const [question] = questionsOf(pass, books);
  const pages = question && stream.pages(looking, question, credentials)[Symbol.asyncIterator]();
  // Whatever the connector makes of a client that never answers, where it went is known by now.
  await pages?.next().catch(() => undefined);
  return fit ?? null;
}

async function ask(job: Replay, way: Way): Promise<void> {
  const http = replayHttp(job.connector, job.credentials, job.answers);
  try {
    for (const question of questionsOf(way.pass, job.books)) {
      for await (const page of way.stream.pages(http, question, job.credentials)) takePage(job, way, page);
    }
  } catch (error) {
    if (error instanceof RecordingOverError) return;
    const isPassing = error instanceof RateLimitedError || error instanceof NetworkDownError;
    // The engine would come back later, and the recording has what it would find then.
    if (!isPassing || !(await firstFit(job, way))) throw error;
  }
}

/** One question; or, where ids are asked about, as many as it takes for all that are still open. */
function questionsOf(pass: Pass, { rows }: ReplayBooks): Question[] {
  if (pass.by !== 'open-ids') return [{ pass, ...EVER, ids: [] }];
  const { openStatuses = ['pending', 'approved'], idsPerQuestion: size = 100 } = pass;
  const open = [...rows.values()].filter(({ status }) => openStatuses.some((word) => word === status));
  const ids = open.map(({ networkTransactionId }) => networkTransactionId);
  // A recording of this pass alone has no rows from before: any id leads to its answer.
  if (ids.length === 0) return [{ pass, ...EVER, ids: ['0'] }];
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) => {
    return { pass, ...EVER, ids: ids.slice(index * size, (index + 1) * size) };
  });
}

function takePage({ connector, credentials, books }: Replay, { name }: Pick<Way, 'name'>, page: Page): void {
  const isDay = 'day' in page;
  if (isDay && name === 'conversions') forgetDay(books, page.day);
  for (const raw of isDay ? page.rows : page) {
    try {
      if (name === 'conversions') {
        const row = connector.streams.conversions.normalise(raw, credentials);
        if (row) keep(books, row);
      } else if (name === 'programs') {
        const program = connector.streams.programs?.normalise(raw, credentials);
        if (program) books.programNames.set(program.programId, program.name);
      } else {
        const settlement = connector.streams.settlements?.normalise(raw, credentials);
        if (settlement) books.settled.add(settlement.networkTransactionId);
      }
    } catch {
      // A row that cannot be read whole is set aside, as in a sync; its neighbours count.
    }
  }
}

function importUploads(job: Replay, { case: { responses }, bodies }: Recording): void {
  for (const { request, bodyFile } of responses) {
    if (!('upload' in request)) continue;
    const bytes = (bodyFile && bodies.get(bodyFile)) || Buffer.alloc(0);
    const file = recogniseFile(job.connector, bytes, request.upload);
    for (const page of file.pages(bytes, request.upload, job.credentials)) takePage(job, { name: 'conversions' }, page);
  }
}

/** A file of the wrong kind is an answer in a new shape; a setting that does not fit is a question that does not. */
function refusalOf(error: unknown): ReplayedRefusal {
  if (!(error instanceof TributaryError)) throw error;
  const code = { file: 'drift', setup: 'request' }[error.code] ?? error.code;
  const known = REFUSALS.find((word) => word === code);
  if (!known) throw error;
  return { error: known };
}

import { isUtf8 } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { AxiosAdapter } from 'axios';
import { SetupError } from '../core/errors.ts';
import type { TimeWindow } from '../core/time-window.ts';
import type { Connector, Stream, StreamName } from './contract.ts';
import { createHttpClient, type HttpClientOptions } from './kit/http-client.ts';
import { redact, secretFields, secretsOf } from './kit/redact.ts';
import type { Recording } from './recording.ts';
import { withoutPeople } from './without-people.ts';

/** One answer as it came over the wire. */
export interface RecordedExchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Headers that change how an answer is read; the rest tells about servers and sessions. */
const TELLING_HEADERS = ['retry-after', 'link'];
/** Tokens that an exchange answers with, in names that the redaction by value cannot know beforehand. */
const TOKEN_FIELD = /("(?:access_?token|refresh_?token|id_?token|session|jwt)"\s*:\s*")[^"]*/gi;
/** Whatever proves a pre-signed address. */
const SIGNED_QUERY = /^(x-amz-.*|signature|sig|awsaccesskeyid|expires|token|access_token|key)$/i;
const SIGNATURES = /([?&](?:x-amz-[a-z-]+|signature|sig|awsaccesskeyid|expires|token|access_token)=)[^&\s"'<>\\]*/gi;
const REMOVED = 'removed';

/** Wraps the adapter that reaches the network and notes every answer, in order. */
function recordingAdapter(inner: AxiosAdapter, exchanges: RecordedExchange[]): AxiosAdapter {
  return async (config) => {
    const answer = await inner(config);
    const headers = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
    exchanges.push({
      method: (config.method ?? 'get').toUpperCase(),
      url: config.url ?? '',
      status: answer.status,
      headers: Object.fromEntries(headers),
      body: Buffer.from(answer.data ?? ''),
    });
    return answer;
  };
}

interface RecordInput extends Omit<HttpClientOptions, 'adapter' | 'origin'> {
  readonly stream: StreamName;
  readonly passName: string;
  readonly window: TimeWindow;
  readonly ids?: readonly string[];
  /** What reaches the network. */
  readonly inner: AxiosAdapter;
}

/**
 * Runs one pass for one window and returns its recording, secrets and people removed. Where the network refuses or the
 * answer has a new shape, the recording ends with that answer, which is the one that is worth having.
 */
export async function recordPass(
  input: RecordInput,
): Promise<{ readonly recording: Recording; readonly error: unknown }> {
  const { connector, credentials, stream: name, passName, window, ids = [], inner, ...options } = input;
  const exchanges: RecordedExchange[] = [];
  const stream = connector.streams[name] as Stream<unknown, Readonly<Record<string, unknown>>> | undefined;
  const pass = stream?.passes.find((one) => one.name === passName);
  if (!stream || !pass) throw new SetupError(`${connector.name} has no pass "${passName}" of ${name}.`);
  const http = createHttpClient({ ...options, connector, credentials, adapter: recordingAdapter(inner, exchanges) });
  let error: unknown = null;
  try {
    for await (const _ of stream.pages(http, { pass, ids, ...window }, credentials)) {
      // Reading to the end is all: the answers are what is wanted.
    }
  } catch (cause) {
    error = cause;
  }
  return { recording: toRecording(connector, credentials, passName, exchanges), error };
}

/** Makes a recording of what came over the wire. Nothing that proves an identity is left in it, nor anybody's person. */
export function toRecording(
  connector: Pick<Connector, 'id' | 'credentials'>,
  credentials: Readonly<Record<string, unknown>>,
  passName: string,
  exchanges: readonly RecordedExchange[],
): Recording {
  const hidden = secretFields(connector.credentials);
  const secrets = [...secretsOf(connector.credentials, credentials), ...exchanges.flatMap(tokensIn)];
  const clean = (text: string) =>
    withoutPeople(redact(text, secrets).replace(TOKEN_FIELD, `$1${REMOVED}`)).replace(SIGNATURES, `$1${REMOVED}`);
  const bodies = new Map<string, Buffer>();
  const responses = exchanges.map(({ method, url, status, headers, body }, index) => {
    const address = new URL(url);
    const contentType = headers['content-type'] ?? null;
    const bodyFile = body.length > 0 ? `${index + 1}-${fileName(address, contentType)}` : null;
    if (bodyFile) bodies.set(bodyFile, cleanBody(body, clean));
    return {
      request: { method, url: clean(address.origin + address.pathname), query: cleanQuery(address, clean) },
      status,
      contentType,
      headers: Object.fromEntries(
        Object.entries(headers)
          .filter(([name]) => TELLING_HEADERS.includes(name))
          .map(([name, value]) => [name, clean(value)]),
      ),
      bodyFile,
    };
  });
  const config = Object.fromEntries(Object.entries(credentials).filter(([name]) => !hidden.includes(name)));
  return { case: { network: connector.id, config, pass: passName, responses }, bodies };
}

function tokensIn({ body }: RecordedExchange): string[] {
  return [...body.toString('utf8').matchAll(TOKEN_FIELD)].map(([whole, name = '']) => whole.slice(name.length));
}

function cleanQuery(address: URL, clean: (text: string) => string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(address.searchParams.keys())) {
    const values = address.searchParams.getAll(name).map((value) => (SIGNED_QUERY.test(name) ? REMOVED : clean(value)));
    query[name] = values.length === 1 ? String(values[0]) : values;
  }
  return query;
}

/** Packed files are cleaned inside. What is no UTF-8 goes byte by byte, so that an odd encoding survives. */
function cleanBody(body: Buffer, clean: (text: string) => string): Buffer {
  const isPacked = body[0] === 0x1f && body[1] === 0x8b;
  const plain = isPacked ? gunzipSync(body) : body;
  const encoding = isUtf8(plain) ? 'utf8' : 'latin1';
  const cleaned = Buffer.from(clean(plain.toString(encoding)), encoding);
  return isPacked ? gzipSync(cleaned) : cleaned;
}

function fileName({ pathname }: URL, contentType: string | null): string {
  const last =
    pathname
      .split('/')
      .filter(Boolean)
      .at(-1)
      ?.replace(/[^\w.-]/g, '-')
      .slice(-80) ?? 'answer';
  if (/\.\w+$/.test(last)) return last;
  const kind = /json|xml|csv|html/.exec(contentType ?? '')?.[0] ?? 'txt';
  return `${last}.${kind}`;
}

import { z } from 'zod';
import {
  CredentialsRefusedError,
  NetworkDownError,
  RateLimitedError,
  RequestRefusedError,
  type TributaryError,
} from '../../core/errors.ts';
import { MINUTE_MS } from '../../core/time-window.ts';
import type { Answer, HttpClient } from '../contract.ts';

export type Arguments = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Asks for commissions. The arguments are written out: JSON text is GraphQL text too, for words and lists of them. */
export function askCommissions<S extends z.ZodType>(
  http: HttpClient,
  args: Arguments,
  selection: string,
  result: S,
): Promise<z.output<S>> {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const written = given.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ');
  const query = `{ publisherCommissions(${written}) { ${selection} } }`;
  return http.post('/query', { json: { query }, idempotent: true }, Envelope.pipe(result));
}

const Envelope = z
  .object({ data: z.object({ publisherCommissions: z.unknown() }) })
  .transform(({ data }) => data.publisherCommissions);
const Failure = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });
const NOT_ALLOWED = /not auth|unauthori[sz]ed|forbidden|permission|access denied/i;
const TOO_OFTEN = /too many|rate limit|throttl/i;
const ILL = /internal|time[ -]?out|timed out|unavailable|try again/i;

/** CJ says with status 200 what others say with 400, and publishes no list of its sentences: their sense is guessed. */
export function explain({ status, body }: Answer): TributaryError | null {
  if (status === 401 || status === 403) return refused(body);
  const failure = Failure.safeParse(body).data;
  if (!failure) return null;
  const networkWords = failure.errors
    .map(({ message }) => message)
    .join('; ')
    .slice(0, 300);
  if (NOT_ALLOWED.test(networkWords)) return refused(networkWords);
  if (TOO_OFTEN.test(networkWords)) {
    return new RateLimitedError('CJ asks for fewer questions a minute.', MINUTE_MS, { networkWords });
  }
  if (ILL.test(networkWords)) return new NetworkDownError('CJ could not answer. We try again later.', { networkWords });
  const next = 'Check the company id (CID), and that the token may read its commissions.';
  return new RequestRefusedError(`CJ does not accept the question. ${next}`, { networkWords });
}

/** After a colon the refusal goes on to repeat the token, perhaps in part: only what stands before it is kept. */
function refused(words: unknown): CredentialsRefusedError {
  const bare = typeof words === 'string' ? words.replace(/<[^>]*>/g, ' ') : '';
  const networkWords = bare.replace(/:.*/s, '').trim().slice(0, 200) || null;
  return new CredentialsRefusedError(
    'CJ refuses the token for this company. Check the company id (CID), or make a new personal access token.',
    { networkWords },
  );
}

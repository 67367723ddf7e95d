import type { RecordedResponse, Recording } from './recording.ts';

/** What is asked of a recording. Query values as text; a parameter that is given twice has several. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
}

export interface RecordedAnswer {
  readonly response: RecordedResponse;
  readonly body: Buffer;
}

/** How well a recorded request fits one that is asked; compared from left to right. */
export interface Fit {
  readonly index: number;
  readonly samePath: boolean;
  readonly shared: number;
}

/** The answers of one recording, each given once, in the order in which the network gave them. */
export interface RecordedAnswers {
  /** Finds the answer without taking it: what a pass is offered when it is about to ask. */
  find(asked: Asked): Fit | null;
  /** Takes the answer; null when none is left for this address. */
  take(asked: Asked): RecordedAnswer | null;
  /** How many have been given so far. */
  taken(): number;
  /** Every host that answered. */
  readonly hosts: readonly string[];
}

export function recordedAnswers({ case: { responses }, bodies }: Recording): RecordedAnswers {
  const unused = new Set(responses.keys());
  const find = (asked: Asked): Fit | null => {
    const fits = [...unused].flatMap((index) => fitOf(asked, responses[index], index) ?? []);
    return fits.sort(byFit)[0] ?? null;
  };
  return {
    find,
    taken: () => responses.length - unused.size,
    hosts: [...new Set(responses.flatMap(({ request }) => ('url' in request ? new URL(request.url).host : [])))],
    take(asked) {
      const fit = find(asked);
      const response = fit && responses[fit.index];
      if (!response) return null;
      unused.delete(fit.index);
      return { response, body: (response.bodyFile && bodies.get(response.bodyFile)) || Buffer.alloc(0) };
    },
  };
}

/** Better fits first: the exact path, then most shared query parameters, then the earliest. */
export function byFit(a: Fit, b: Fit): number {
  return Number(b.samePath) - Number(a.samePath) || b.shared - a.shared || a.index - b.index;
}

/** Method, host and path must agree. A slash at the end is forgiven where nothing fits exactly. */
function fitOf(asked: Asked, response: RecordedResponse | undefined, index: number): Fit | null {
  if (!response || 'upload' in response.request) return null;
  const { method, url, query } = response.request;
  const recorded = new URL(url);
  if (method !== asked.method.toUpperCase() || recorded.host !== asked.url.host) return null;
  if (bare(recorded.pathname) !== bare(asked.url.pathname)) return null;
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) recorded.searchParams.append(name, String(one));
  }
  const shared = [...recorded.searchParams].filter(([name, value]) => asked.url.searchParams.has(name, value)).length;
  return { index, samePath: recorded.pathname === asked.url.pathname, shared };
}

function bare(path: string): string {
  return path.replace(/\/+$/, '');
}

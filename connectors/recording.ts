import { z } from 'zod';

/** What a recorded answer was an answer to: a call to the network, or a file that the owner chose. */
const RecordedRequest = z.union([
  z.object({ upload: z.string().min(1) }),
  z.object({
    method: z.string().transform((method) => method.toUpperCase()),
    url: z.url(),
    query: z.record(z.string(), z.unknown()).default({}),
  }),
]);

const RecordedResponse = z.object({
  request: RecordedRequest,
  status: z.number().int().default(200),
  contentType: z.string().nullish(),
  headers: z.record(z.string(), z.coerce.string()).default({}),
  /** Absent where the answer had no body. */
  bodyFile: z.string().min(1).nullish(),
});
export type RecordedResponse = z.infer<typeof RecordedResponse>;

/** `case.json`: one network's answers in the order in which it gave them, and the settings that mattered to them. */
export const RecordingCase = z.object({
  network: z.string().min(1),
  config: z.record(z.string(), z.unknown()).default({}),
  pass: z.string().nullish(),
  responses: z.array(RecordedResponse),
  expected: z.string().nullish(),
});
export type RecordingCase = z.infer<typeof RecordingCase>;

/** A recording in memory: the case, and each body by the name that the case gives it. */
export interface Recording {
  readonly case: RecordingCase;
  readonly bodies: ReadonlyMap<string, Buffer>;
}

/** One conversion as replays print it: exact amounts without idle zeros, times in UTC to the second. */
export interface ReplayedConversion {
  readonly networkTransactionId: string;
  readonly status: string;
  readonly saleAmount: string;
  readonly commissionAmount: string;
  readonly currency: string;
  readonly occurredAt: string;
  readonly clickedAt: string | null;
  readonly programId: string | null;
  readonly programName: string | null;
  readonly subId: string | null;
}

/** How a network refuses, by the reaction that it asks for. */
export const REFUSALS = ['credentials', 'quota', 'network', 'drift', 'request'] as const;
export interface ReplayedRefusal {
  readonly error: (typeof REFUSALS)[number];
}
export type ReplayResult = readonly ReplayedConversion[] | ReplayedRefusal;

/** `expected.json`. A key that is left out is not asserted; amounts may be written as numbers. */
export const Expected = z.union([
  z.array(z.looseObject({ networkTransactionId: z.coerce.string() })),
  z.object({ error: z.enum(REFUSALS) }),
]);
export type Expected = z.infer<typeof Expected>;

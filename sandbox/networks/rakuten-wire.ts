import { json, type WireAnswer } from '../wire.ts';

export const SID = '3990001';

/** The error shape of its newer services. */
export function problem(status: number, message: string, error = 'REQUEST_PARAM_INVALID'): WireAnswer {
  return json(status, { message, error });
}

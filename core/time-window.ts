/** A half-open range of time: `start` belongs to it, `end` does not. */
export interface TimeWindow {
  readonly start: Date;
  readonly end: Date;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function addDays(at: Date, days: number): Date {
  return new Date(at.getTime() + days * DAY_MS);
}

/** Cuts a window into pieces that one request may ask for, oldest first. An empty window has no pieces. */
export function splitWindow({ start, end }: TimeWindow, maxDays: number): TimeWindow[] {
  const pieces: TimeWindow[] = [];
  for (let from = start; from < end; from = addDays(from, maxDays)) {
    const until = addDays(from, maxDays);
    pieces.push({ start: from, end: until < end ? until : end });
  }
  return pieces;
}

/** The later of two moments. */
export function later(a: Date, b: Date): Date {
  return a > b ? a : b;
}

/** The calendar day of a moment in UTC, `YYYY-MM-DD`. */
export function utcDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** The UTC days that a window touches, oldest first. */
export function daysOf({ start, end }: TimeWindow): string[] {
  const days: string[] = [];
  for (let at = Date.parse(utcDay(start)); at < end.getTime(); at += DAY_MS) days.push(utcDay(new Date(at)));
  return days;
}

import { Temporal } from 'temporal-polyfill';
import { UnreadableRowError } from '../../core/errors.ts';

const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;
const LOCAL = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/;

/** Reads an ISO moment that carries its own offset. Text without one is refused: it would mean this machine's zone. */
export function instant(text: string): Date {
  const trimmed = text.trim();
  const at = new Date(trimmed.replace(' ', 'T'));
  if (!WITH_OFFSET.test(trimmed) || Number.isNaN(at.getTime())) throw unreadable(text);
  return at;
}

/**
 * Reads a wall-clock time in the network's zone. In the hour that autumn repeats the first one is meant; in the hour that
 * spring skips, the moment an hour later (Temporal's "compatible").
 */
export function zoned(text: string, timeZone: string): Date {
  const trimmed = text.trim().replace(' ', 'T');
  if (!LOCAL.test(trimmed)) throw unreadable(text);
  if (timeZone === 'UTC') {
    const at = new Date(trimmed.length === 10 ? `${trimmed}T00:00:00Z` : `${trimmed}Z`);
    if (Number.isNaN(at.getTime())) throw unreadable(text);
    return at;
  }
  try {
    return new Date(Temporal.PlainDateTime.from(trimmed).toZonedDateTime(timeZone).epochMilliseconds);
  } catch (cause) {
    throw unreadable(text, cause);
  }
}

/** Applies a reader to a field that may be absent, null or empty. */
export function optional<T>(read: (text: string) => T, text: string | null | undefined): T | null {
  return text?.trim() ? read(text) : null;
}

/** `2026-02-03T09:05:31`: the wall-clock form without offset that several networks ask for, in UTC. */
export function utcWallClock(at: Date): string {
  return at.toISOString().slice(0, 19);
}

function unreadable(text: string, cause?: unknown): UnreadableRowError {
  return new UnreadableRowError(`"${text.slice(0, 40)}" is not a time that can be read.`, { cause });
}

import { HOUR_MS, MINUTE_MS } from '../core/time-window.ts';

const FORMATS = new Map<string, Intl.DateTimeFormat>();
const OFFSETS = new Map<string, number>();
const LOCAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/;

/** The wall clock of a zone, `YYYY-MM-DDTHH:mm:ss`. */
export function localText(at: Date, timeZone: string): string {
  return new Date(at.getTime() + offsetMs(at, timeZone)).toISOString().slice(0, 19);
}

/** The wall clock of a zone with its offset, `2026-02-03T09:15:00-08:00`. */
export function offsetText(at: Date, timeZone: string): string {
  const minutes = offsetMs(at, timeZone) / MINUTE_MS;
  const size = Math.abs(minutes);
  const digits = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${localText(at, timeZone)}${minutes < 0 ? '-' : '+'}${digits}`;
}

/** The moment that a wall clock shows, or null where the text is no such time. */
export function localInstant(text: string, timeZone: string): Date | null {
  const asUtc = LOCAL.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  if (Number.isNaN(asUtc)) return null;
  const guess = new Date(asUtc - offsetMs(new Date(asUtc), timeZone));
  return new Date(asUtc - offsetMs(guess, timeZone));
}

/** Offsets change on the hour only, so one answer per hour serves all. */
function offsetMs(at: Date, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const hour = Math.floor(at.getTime() / HOUR_MS);
  const key = `${timeZone} ${hour}`;
  let offset = OFFSETS.get(key);
  if (offset === undefined) {
    offset = readOffset(new Date(hour * HOUR_MS), timeZone);
    OFFSETS.set(key, offset);
  }
  return offset;
}

function readOffset(at: Date, timeZone: string): number {
  let format = FORMATS.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    FORMATS.set(timeZone, format);
  }
  const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  const size = Number(hours ?? 0) * HOUR_MS + Number(minutes ?? 0) * MINUTE_MS;
  return sign === '-' ? -size : size;
}

import { createHash } from 'node:crypto';
import { getNextMillis } from 'bullmq';
import type { Pass } from '../connectors/contract.ts';

/** When a pass runs: five fields of cron, read in a time zone. */
export interface Timing {
  readonly cron: string;
  readonly timeZone: string;
}

const NIGHT_STARTS = 1;
const NIGHT_MINUTES = 4 * 60;

/**
 * When a pass of an account runs unless its owner says otherwise. Hourly passes run through the whole day; nightly ones
 * between 01:00 and 05:00 of the owner's night; weekly ones in the night to Sunday. The minute comes from account and
 * pass, so that a hundred accounts do not all ask at once, and stays the same for ever.
 */
export function scheduleFor(accountId: number, pass: Pick<Pass, 'name' | 'every'>, timeZone: string): Timing {
  const minuteOfNight = spread(`${accountId}:${pass.name}`, NIGHT_MINUTES);
  const minute = minuteOfNight % 60;
  if (pass.every === 'hour') return { cron: `${minute} * * * *`, timeZone };
  const hour = NIGHT_STARTS + Math.floor(minuteOfNight / 60);
  return { cron: `${minute} ${hour} * * ${pass.every === 'week' ? '0' : '*'}`, timeZone };
}

/** The first moment after `after` at which a schedule is due, by the queue's own reading of cron. Throws where it has none. */
export function nextDue({ cron, timeZone }: Timing, after: Date): Date {
  const at = getNextMillis(after.getTime(), { pattern: cron, tz: timeZone });
  if (at === undefined) throw new RangeError(`"${cron}" is never due`);
  return new Date(at);
}

/** An even spread over `0 .. size - 1`, always the same for the same text. */
function spread(text: string, size: number): number {
  return createHash('md5').update(text).digest().readUInt32BE() % size;
}

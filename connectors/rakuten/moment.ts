import { instant, zoned } from '../kit/time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** `Mon Feb 02 2026 09:05:31 GMT+0000 (UTC)`, as JavaScript prints a date; what stands in brackets depends on a locale. */
const PRINTED =
  /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT([+-]\d{2}):?(\d{2})(?: \(.*\))?$/;
/** `2/3/26 18:32:00` in report files: month first, UTC where the report was asked for with `tz=GMT`. */
const IN_FILES = /^(\d{1,2})\/(\d{1,2})\/(?:20)?(\d{2})(?: (\d{1,2}:\d{2}:\d{2}))?$/;

/** Reads a time in any of the forms that Rakuten's interfaces have. */
export function moment(text: string): Date {
  const trimmed = text.trim();
  const printed = PRINTED.exec(trimmed);
  if (printed) {
    const [, name = '', day, year, time, hours, minutes] = printed;
    return instant(`${year}-${twoDigits(MONTHS.indexOf(name) + 1)}-${day}T${time}${hours}:${minutes}`);
  }
  const inFiles = IN_FILES.exec(trimmed);
  if (!inFiles) return zoned(text, 'UTC');
  const [, month, day, year, time = '00:00:00'] = inFiles;
  return zoned(`20${year}-${twoDigits(month)}-${twoDigits(day)}T${time.padStart(8, '0')}`, 'UTC');
}

function twoDigits(text: string | number | undefined): string {
  return String(text).padStart(2, '0');
}

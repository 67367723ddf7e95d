import type { Marketplace } from './marketplaces.ts';

/** A cell as text: trimmed, without quotes that the file left around it. `""` is how some files say nothing. */
export function unquoted(cell: string | undefined): string {
  const text = (cell ?? '').trim();
  const inner = /^"(.*)"$/s.exec(text)?.[1];
  return inner === undefined ? text : inner.replace(/""/g, '"').trim();
}

/** Whether this file puts the month first, as far as its dates betray it; null where they leave it open. */
export function monthFirstIn(dates: readonly string[]): boolean | null {
  const isYes = dates.some((cell) => /^\d{1,2}[/-](1[3-9]|2\d|3[01])[/-]/.test(cell));
  const isNo = dates.some((cell) => /^(1[3-9]|2\d|3[01])[/-]\d{1,2}[/-]/.test(cell));
  return isYes === isNo ? null : isYes;
}

/** `EUR`, `kr` or the `R` of `R$` beside a number; the lone `e` inside `1e5` is none, and the cell stays unread. */
const CURRENCY_WORD = /(?<!\d)\p{L}{1,4}|\p{L}{2,4}\.?(?![\d\p{L}])/gu;

/**
 * A number with a point and no other ornament, or null where the cell holds none: `-`, empty, words. Of two kinds of
 * separator the last is the decimal sign. A comma alone with exactly three digits behind it stands between thousands,
 * unless the marketplace writes decimals with it.
 */
export function plainNumber(cell: string, { decimalComma }: Marketplace): string | null {
  const bare = cell
    .replace(/\u2212/g, '-')
    .replace(CURRENCY_WORD, '')
    .replace(/[\p{Sc}\s'\u2019]/gu, '');
  const match = /^([-+(]?)([\d.,]+)([-)]?)$/.exec(bare);
  if (!match?.[2]) return null;
  const [, before, digits, after] = match;
  const decimalAt = decimalSign(digits, decimalComma);
  const whole = digits.slice(0, decimalAt).replace(/[.,]/g, '');
  const fraction = digits.slice(decimalAt + 1);
  if (!/^\d+$/.test(whole || '0') || !/^\d*$/.test(fraction)) return null;
  const isNegative = before === '-' || after === '-' || (before === '(' && after === ')');
  return `${isNegative ? '-' : ''}${whole || '0'}${fraction && `.${fraction}`}`;
}

/** The index of the decimal sign; the length of the text where it has none. */
function decimalSign(digits: string, decimalComma: boolean): number {
  const signs = digits.replace(/\d/g, '');
  const at = Math.max(digits.lastIndexOf(','), digits.lastIndexOf('.'));
  if (signs.includes(',') && signs.includes('.')) return at;
  const isBetweenThousands = signs.length > 1 || (signs === ',' && digits.length - at === 4 && !decimalComma);
  return signs === '' || isBetweenThousands ? digits.length : at;
}

/** A calendar day, `YYYY-MM-DD`, or null where the cell holds none. A time behind it is ignored: reports have none. */
export function isoDay(cell: string, monthFirst: boolean): string | null {
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/.exec(cell);
  if (iso) return calendarDay(iso[1], iso[2], iso[3]);
  const numeric = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)/.exec(cell);
  if (numeric) {
    const [, first, separator, second, year] = numeric;
    const isMonthFirst = separator !== '.' && monthComesFirst(Number(first), Number(second), monthFirst);
    return isMonthFirst ? calendarDay(year, first, second) : calendarDay(year, second, first);
  }
  const year = /(?<!\d)\d{4}(?!\d)/.exec(cell)?.[0];
  const day = /(?<!\d)\d{1,2}(?!\d)/.exec(cell)?.[0];
  const month = (cell.match(/[\p{L}.]{3,}/gu) ?? []).map(monthNamed).find((number) => number !== undefined);
  return month === undefined ? null : calendarDay(year, String(month), day);
}

/** A part over 12 cannot be a month, whatever the rest of the file does. */
function monthComesFirst(first: number, second: number, usual: boolean): boolean {
  if (first > 12) return false;
  return second > 12 || usual;
}

/** A day that the calendar has; 30 February is none. */
function calendarDay(year = '', month = '', day = ''): string | null {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) ? text : null;
}

/** The languages of the marketplaces whose reports spell months out. */
const LANGUAGES = ['en', 'de', 'es', 'fr', 'it', 'nl', 'pl', 'pt', 'sv', 'tr'];
const MONTHS = new Map(
  LANGUAGES.flatMap((language) =>
    (['long', 'short'] as const).flatMap((month) => {
      // With the day beside it: Polish bends the month's name in a date.
      const format = new Intl.DateTimeFormat(language, { day: 'numeric', month, timeZone: 'UTC' });
      return Array.from({ length: 12 }, (_, index) => {
        const parts = format.formatToParts(Date.UTC(2026, index, 1));
        return [plainMonth(parts.find(({ type }) => type === 'month')?.value ?? ''), index + 1] as const;
      });
    }),
  ),
);

function monthNamed(word: string): number | undefined {
  return MONTHS.get(plainMonth(word));
}

function plainMonth(word: string): string {
  return word.replace(/\./g, '').toLowerCase();
}

import { z } from 'zod';

/** An exact amount, always with six places, so that equal amounts are equal strings here and in Postgres. */
export type Decimal = string & z.$brand<'Decimal'>;

const AMOUNT = /^([+-])?(\d{1,14})(?:\.(\d+))?$/;
const MICROS = 1_000_000n;

/**
 * The only way in for an amount: text, or a JSON number whose shortest text is its exact value.
 * Throws a RangeError on anything that is not a plain decimal of at most 14 + 6 digits: a missing or unreadable
 * amount is never 0. Zeros beyond the sixth place carry nothing and are dropped.
 */
export function decimal(amount: string | number): Decimal {
  const text = (typeof amount === 'number' ? plainText(amount) : amount).trim();
  const match = AMOUNT.exec(text);
  if (!match) throw new RangeError(`"${text.slice(0, 40)}" is not an amount`);
  const [, sign, whole = '', fraction = ''] = match;
  if (/[^0]/.test(fraction.slice(6))) throw new RangeError(`"${text.slice(0, 40)}" has more than six decimal places`);
  const digits = `${whole.replace(/^0+(?=\d)/, '')}.${fraction.slice(0, 6).padEnd(6, '0')}`;
  return (sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits) as Decimal;
}

export const ZERO = decimal('0');

/** Millionths, for arithmetic: `bigint` adds without a rounding rule. */
export function toMicros(amount: Decimal): bigint {
  return BigInt(amount.replace('.', ''));
}

/** The amount that this many millionths are. */
export function fromMicros(micros: bigint): Decimal {
  const size = micros < 0n ? -micros : micros;
  const fraction = (size % MICROS).toString().padStart(6, '0');
  return `${micros < 0n ? '-' : ''}${size / MICROS}.${fraction}` as Decimal;
}

/** Adds amounts of ONE currency: the caller has already grouped by it. */
export function sum(amounts: Iterable<Decimal>): Decimal {
  let total = 0n;
  for (const amount of amounts) total += toMicros(amount);
  return fromMicros(total);
}

export function isNegative(amount: Decimal): boolean {
  return amount.startsWith('-');
}

/** For people and for files: at least two places, more only where they carry something (`10.00`, `5.915`). */
export function plainAmount(amount: string): string {
  return decimal(amount).replace(/0{1,4}$/, '');
}

/** ISO 4217 by shape. Networks invent none, and a list would refuse tomorrow's currency. */
export const CurrencyCode = z
  .string()
  .trim()
  .transform((code) => code.toUpperCase())
  .pipe(z.string().regex(/^[A-Z]{3}$/, 'is not a three-letter currency code'));

/** Checks and upper-cases a currency code; throws a RangeError where it is missing or malformed. */
export function currencyCode(code: string | null | undefined): string {
  const text = code?.trim().toUpperCase() ?? '';
  if (!/^[A-Z]{3}$/.test(text)) throw new RangeError(`"${text.slice(0, 20)}" is not a three-letter currency code`);
  return text;
}

/** `1e-7` and `1e21` are how JavaScript writes small and large numbers; amounts are written out. */
function plainText(amount: number): string {
  const text = String(amount);
  return /e/.test(text) && Math.abs(amount) < 1 ? amount.toFixed(20).replace(/0+$/, '') : text;
}

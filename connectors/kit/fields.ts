import { z } from 'zod';

/**
 * Ids come as numbers from one network, as text from the next, and are text for us: `007` stays `007`. Read by hand and
 * not as a union, because every row has several and a union tries each kind in turn.
 */
export const Id = z.unknown().transform((value, context): string => {
  const text = typeof value === 'string' ? value.trim() : Number.isInteger(value) ? String(value) : '';
  if (text === '') context.addIssue('is not an id');
  return text;
});

/** An amount as the network wrote it: text, or a number whose text is exact. Never missing, never empty. */
export const Amount = z.union([z.string().trim().min(1), z.number()]);

/** Text that may be absent, null or empty: all three mean "not said". Numbers keep their digits. */
export const OptionalText = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => String(value ?? '').trim() || null);

/** An array that some answers leave out, send as null, as `{}`, or as the only row without its brackets. */
export const LenientList = z.unknown().transform((value): unknown[] => {
  if (Array.isArray(value)) return value;
  return value && typeof value === 'object' && Object.keys(value).length > 0 ? [value] : [];
});

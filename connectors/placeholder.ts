import type { z } from 'zod';
import { SetupError } from '../core/errors.ts';

/** What most fields take; the longer and stranger ones come from the field's own pattern. */
const CANDIDATES: readonly unknown[] = [
  'placeholder',
  'placeholder-placeholder-placeholder-placeholder',
  '1',
  '1234567',
  '00000000000000000000000000000000',
  'EUR',
  'UTC',
  '2026-01-01',
  '00000000-0000-4000-8000-000000000000',
  'https://placeholder.example/',
  'somebody@placeholder.example',
  1,
  true,
];

/**
 * Completes settings for a replay: a field that the recording leaves out gets a value that its schema takes, because
 * no answer in the recording depends on it. Optional fields stay out unless `wholly` asks for them too.
 */
export function withPlaceholders(
  schema: z.ZodObject,
  config: Readonly<Record<string, unknown>>,
  { wholly = false } = {},
): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const given = config[name];
    // Recordings write account numbers as numbers now and then; settings are text.
    const value = typeof given === 'number' && !field.safeParse(given).success ? String(given) : given;
    if (value !== undefined) filled[name] = value;
    else if (wholly || !field.safeParse(undefined).success) filled[name] = placeholderFor(name, field);
  }
  return schema.parse(filled);
}

function placeholderFor(name: string, field: z.ZodType): unknown {
  const own = field.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as { enum?: unknown[]; pattern?: string };
  const candidates = [...(own.enum ?? []), ...CANDIDATES, ...(own.pattern ? [textMatching(own.pattern)] : [])];
  const found = candidates.find((candidate) => field.safeParse(candidate).success);
  if (found === undefined) {
    throw new SetupError(`No placeholder fits the setting "${name}": give the recording's config a value for it.`);
  }
  return found;
}

/** One step of a simple pattern: a class, an escape or a plain character, and how often it comes. */
const STEP = /(\[[^\]]+\]|\\?.)(\{(\d+)(?:,\d*)?\}|[+*?])?/g;

/** The shortest plain text for patterns such as `^IR[A-Za-z0-9]{10,30}$`; groups and alternatives are beyond it. */
function textMatching(pattern: string): string {
  return [...pattern.replace(/^\^|\$$/g, '').matchAll(STEP)]
    .map(([, step = '', often, times]) => {
      const count = times === undefined ? Number(often !== '*' && often !== '?') : Number(times);
      return sampleOf(step).repeat(count);
    })
    .join('');
}

function sampleOf(step: string): string {
  const one = step.startsWith('[') ? step.slice(1, -1).replace(/^(\\?.).*$/, '$1') : step;
  if (one === '\\d') return '1';
  if (one === '\\w' || one === '.') return 'a';
  return one.replace(/^\\/, '');
}

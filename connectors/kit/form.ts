import type { z } from 'zod';
import { secretFields } from './redact.ts';

/** One field of the form that asks for a connector's credentials. */
export interface FormField {
  readonly name: string;
  readonly title: string;
  readonly description: string | null;
  /** Is never shown again, and not while it is typed. */
  readonly secret: boolean;
  readonly required: boolean;
  /** What an empty answer stands for; null where it stands for nothing. */
  readonly byDefault: string | null;
  /** The only answers that fit; empty where any text may. */
  readonly choices: readonly string[];
}

interface FieldSchema {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

/** Draws the form of a connector's credentials from their schema, in its order. */
export function formFields(schema: z.ZodObject): FormField[] {
  const secrets = secretFields(schema);
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => {
    const drawn = field.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as FieldSchema;
    const { title = name, description = null, default: byDefault, enum: choices = [] } = drawn;
    return {
      name,
      title,
      description,
      secret: secrets.includes(name),
      required: !field.safeParse(undefined).success,
      byDefault: byDefault === undefined || byDefault === '' ? null : String(byDefault),
      choices: choices.map(String),
    };
  });
}

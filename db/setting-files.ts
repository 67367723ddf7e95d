import { readFileSync } from 'node:fs';
import { SetupError } from '../core/errors.ts';

/** Settings that hold a password, and may therefore lie in a file that `<NAME>_FILE` names: a mounted secret. */
const SECRET_SETTINGS = ['DATABASE_URL', 'REDIS_URL'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment, with the settings in it that lie in files. Throws one SetupError that lists what cannot be used. */
export function withSettingFiles(env: Environment): Environment {
  const wrong: string[] = [];
  const read = SECRET_SETTINGS.flatMap((name): [string, string][] => {
    const path = env[`${name}_FILE`];
    if (!path) return [];
    if (env[name]) wrong.push(`${name} and ${name}_FILE are both set: one of them is enough`);
    try {
      return [[name, readFileSync(path, 'utf8').trim()]];
    } catch (error) {
      wrong.push(`${name}_FILE names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code})`);
      return [];
    }
  });
  if (wrong.length === 0) return { ...env, ...Object.fromEntries(read) };
  throw new SetupError(`These settings cannot be used:\n${wrong.map((line) => `  - ${line}`).join('\n')}`);
}

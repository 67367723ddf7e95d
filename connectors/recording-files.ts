import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { SetupError } from '../core/errors.ts';
import { Expected, type Recording, RecordingCase } from './recording.ts';

/** Reads a recording's folder: `case.json` and every body that it names. */
export async function readRecording(dir: string): Promise<Recording> {
  const read = await parsed(dir, 'case.json', RecordingCase);
  const bodies = new Map<string, Buffer>();
  for (const { bodyFile } of read.responses) {
    if (bodyFile) bodies.set(bodyFile, await fileOf(dir, bodyFile));
  }
  return { case: read, bodies };
}

/** Reads what a recording should come to; null where it does not say. */
export async function readExpected(dir: string): Promise<Expected | null> {
  const { expected } = await parsed(dir, 'case.json', RecordingCase);
  return expected ? parsed(dir, expected, Expected) : null;
}

/** Writes a recording into a folder, made where it is missing. A recording that is there already is replaced. */
export async function writeRecording(dir: string, recording: Recording, expected?: unknown): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, body] of recording.bodies) await writeFile(join(dir, inside(dir, name)), body);
  const named = expected === undefined ? recording.case : { ...recording.case, expected: 'expected.json' };
  await writeFile(join(dir, 'case.json'), `${JSON.stringify(named, null, 2)}\n`);
  if (expected !== undefined) {
    await writeFile(join(dir, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  }
}

async function parsed<S extends z.ZodType>(dir: string, name: string, shape: S): Promise<z.output<S>> {
  const text = (await fileOf(dir, name)).toString('utf8');
  try {
    return shape.parse(JSON.parse(text));
  } catch (cause) {
    throw new SetupError(`${join(dir, name)} is not what a recording holds there: ${String(cause).slice(0, 400)}`, {
      cause,
    });
  }
}

async function fileOf(dir: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(dir, inside(dir, name)));
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    throw new SetupError(`${dir} is no whole recording: "${name}" cannot be read.`, { cause });
  }
}

/** A recording may come from a stranger's bug report: its names stay inside its own folder. */
function inside(dir: string, name: string): string {
  if (basename(name) === name && name !== '..') return name;
  throw new SetupError(`The recording in ${dir} names a file outside its folder: "${name.slice(0, 80)}".`);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../cli/bin.mjs', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../fixtures/awin/life-of-a-sale', import.meta.url));

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function result(child: ChildProcess) {
  const [out, err, [code]] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { out, err, code };
}

describe('the real process', () => {
  it('prints JSON and exits with 0', async () => {
    const { out, code } = await result(start('connector', 'replay', FIXTURE, '--json'));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toBeInstanceOf(Array);
  });

  it('exits with 2 for wrong usage, as JSON where that is asked for', async () => {
    const { out, code } = await result(start('import', '--json'));
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'usage', networkWords: null } });
  });

  it('is not upset when nobody reads on', async () => {
    const child = start('connector', 'replay', FIXTURE, '--json');
    child.stdout?.destroy();
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
  });

  it('serves a sandbox until it is interrupted', async () => {
    const child = start('sandbox', 'serve', '--port', '0', '--json');
    const ended = result(child);
    const [first] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(String(first))?.[0];
    expect((await fetch(`${origin}/`)).status).toBe(200);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0, err: '' });
  });
});

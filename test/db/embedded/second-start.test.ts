import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { attachEmbedded } from '../../../db/embedded/attach.ts';
import { startEmbedded } from '../../../db/embedded/launcher.ts';
import { freePort } from '../../../db/embedded/port.ts';
import { ask, restingCluster, serverPid, startInProcess } from '../../support/embedded.ts';

const dataDir = await restingCluster();

it('killed with SIGKILL: the server lives on and the next start adopts it', async () => {
  const killed = await startInProcess({ dataDir });
  await ask(String(killed.answer.url), 'create table late as select 7 as seven');
  const pid = await serverPid(dataDir);
  await killed.kill();
  expect(await attachEmbedded(dataDir)).toBe(killed.answer.url);
  const server = await startEmbedded({ dataDir });
  expect(server).toMatchObject({ adopted: true, url: killed.answer.url });
  expect(await serverPid(dataDir)).toBe(pid);
  expect(await ask(server.url, 'select seven from late')).toEqual({ seven: 7 });
  await server.stop();
  expect(await serverPid(dataDir)).toBeNull();
  expect(await attachEmbedded(dataDir)).toBeNull();
});

it('killed with SIGKILL, then another port asked for: the old server makes way', async () => {
  await (await startInProcess({ dataDir })).kill();
  const port = await freePort();
  const server = await startEmbedded({ dataDir, port });
  expect(server).toMatchObject({ adopted: false, port });
  await server.stop();
});

it('data folder in use: the second start names the holder and leaves the first alone', async () => {
  const server = await startEmbedded({ dataDir });
  expect((await startInProcess({ dataDir })).answer).toMatchObject({
    refused: 'SetupError',
    message: expect.stringMatching(
      new RegExp(`${dataDir} is in use: process ${process.pid} holds it since .* UTC.*--data`),
    ),
  });
  expect(await attachEmbedded(dataDir)).toBe(server.url);
  expect(await ask(server.url, 'select 1 as one')).toEqual({ one: 1 });
  await server.stop();
});

it('port taken: the remembered one gives way to a free one, an asked one is refused', async () => {
  const first = await startEmbedded({ dataDir });
  await first.stop();
  const stranger = createServer().listen(first.port, '127.0.0.1');
  await new Promise((resolve) => stranger.once('listening', resolve));
  try {
    await expect(startEmbedded({ dataDir, port: first.port })).rejects.toThrow(`Port ${first.port}`);
    const second = await startEmbedded({ dataDir });
    expect(second.port).not.toBe(first.port);
    expect(await ask(second.url, 'select 1 as one')).toEqual({ one: 1 });
    await second.stop();
  } finally {
    stranger.close();
  }
});

/**
 * A worker in a process of its own, so that tests can kill it. Its one argument is the queue's place as JSON. It prints
 * one line for every job that it takes, and finishes none.
 */
import { once } from 'node:events';
import { openQueue } from '../../workers/queue.ts';
import { startWorker } from '../../workers/sync-worker.ts';

const queue = await openQueue(JSON.parse(process.argv[2] ?? '{}'));
startWorker({
  queue,
  lockMs: 600,
  handler: async (job) => {
    process.stdout.write(`${JSON.stringify(job)}\n`);
    await once(process, 'never');
    return { remaining: false };
  },
});

import { once } from 'node:events';
import { SimulatedClock } from '../sandbox/clock.ts';
import { createSandbox } from '../sandbox/sandbox.ts';
import { serveSandbox } from '../sandbox/serve.ts';
import { createWorld } from '../sandbox/world.ts';

// The sandbox in a process of its own, until its input ends. Arguments: first day, present moment, sales a day and network.
const [start = '', now = '', salesPerDay = ''] = process.argv.slice(2);
const clock = new SimulatedClock(new Date(now));
const world = createWorld({ seed: 1, start: new Date(start), clock, salesPerDay: Number(salesPerDay) });
const sandbox = createSandbox({ world, pageSize: 1_000, unlimited: true });
const { origin, close } = await serveSandbox(sandbox, { port: 0 });
const credentials = Object.fromEntries(sandbox.networks.map((network) => [network.id, network.credentials]));
process.stdout.write(`${JSON.stringify({ origin, credentials })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
await close();

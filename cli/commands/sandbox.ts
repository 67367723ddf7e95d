import { once } from 'node:events';
import { Command, Option } from '@commander-js/extra-typings';
import { SetupError } from '../../core/errors.ts';
import { addDays } from '../../core/time-window.ts';
import { FAULT_LEVELS } from '../../sandbox/faults.ts';
import { SIMULATED_NETWORKS, type SimulatedNetworkId } from '../../sandbox/merchants.ts';
import { createSandbox, serveSandbox } from '../../sandbox/serve.ts';
import { createWorld } from '../../sandbox/world.ts';
import { realClock } from '../../workers/real-clock.ts';
import { examples, globalFlags, wholeNumber } from '../answer.ts';
import type { CheckReport } from '../check/check-seeds.ts';
import { checkInDatabase, seedsIn } from '../check-command.ts';
import { EXIT } from '../explain.ts';
import { counted, paragraphs, printAnswer, progressLine } from '../output.ts';
import type { Shell } from '../shell.ts';

export function sandboxCommand(shell: Shell) {
  return new Command('sandbox')
    .description('simulated networks, for trying out and for proving that the figures are right')
    .addCommand(serveCommand(shell))
    .addCommand(checkCommand(shell));
}

function serveCommand(shell: Shell) {
  return new Command('serve')
    .description('play the networks at one address until Ctrl-C')
    .option('--port <port>', 'where; 0 takes a free one', wholeNumber(0, 65_535), 4190)
    .option('--seed <seed>', 'which world', wholeNumber(0, 2_147_483_647), 1)
    .option('--days-past <days>', 'how much of it lies behind', wholeNumber(0, 3_650), 120)
    .addHelpText('after', examples('sandbox serve', 'sandbox serve --port 4190 --seed 7 --days-past 365'))
    .action(async ({ port, seed, daysPast }, command) => {
      const world = createWorld({ seed, start: addDays(realClock.now(), -daysPast), clock: realClock });
      const sandbox = createSandbox({ world });
      const { origin, close } = await serveSandbox(sandbox, { port }).catch((cause: Error) => {
        throw new SetupError(
          `The sandbox cannot listen on port ${port}: ${cause.message}. Choose another with --port.`,
        );
      });
      try {
        const networks = sandbox.networks.map(({ id, hosts, credentials }) => ({ id, hosts, credentials }));
        printAnswer(shell, globalFlags(command), { origin, seed, networks }, renderServed);
        if (!shell.signal.aborted) await once(shell.signal, 'abort');
      } finally {
        await close();
      }
    });
}

interface Served {
  readonly origin: string;
  readonly seed: number;
  readonly networks: readonly {
    readonly id: string;
    readonly hosts: readonly string[];
    readonly credentials: Readonly<Record<string, string>>;
  }[];
}

/** The keys open nothing but this sandbox. */
function renderServed({ origin, seed, networks }: Served): string {
  const lines = networks.map(({ id, credentials }) => {
    const settings = Object.entries(credentials).map(([name, value]) => `--set '${name}=${value}'`);
    return `tributary accounts add ${id} --name sandbox --origin ${origin} ${settings.join(' ')}`;
  });
  return paragraphs(
    `World ${seed} is played at ${origin}. Ask ${origin}/<host>/<path> as you would ask https://<host>/<path>. Ctrl-C stops it.`,
    `Connect accounts to it:\n${lines.join('\n')}`,
  );
}

function checkCommand(shell: Shell) {
  return new Command('check')
    .description(
      'live through simulated months of many worlds with faults and crashes, and hold the database against their books',
    )
    .requiredOption('--seeds <seeds>', 'one (7), some (7,12,40), or all of a range (1..1000)')
    .option('--days <days>', 'how long each world is lived through', wholeNumber(1, 3_650), 60)
    .addOption(new Option('--faults <level>', 'how much goes wrong').choices(FAULT_LEVELS).default('some' as const))
    .option('--networks <networks>', 'which, with commas between', networksIn, [...SIMULATED_NETWORKS])
    .option('--database-url <url>', 'an empty database to use; else one is made for it and thrown away')
    .addHelpText(
      'after',
      examples('sandbox check --seeds 1..100', 'sandbox check --seeds 42 --faults heavy --networks awin,cj --json'),
    )
    .action(async ({ seeds: wanted, days, faults: level, networks, databaseUrl }, command) => {
      const flags = globalFlags(command);
      const seeds = seedsIn(wanted);
      const progress = progressLine(shell, flags);
      let done = 0;
      const onSeed = () => progress.show(`${++done} of ${counted(seeds.length, 'seed')} …`);
      progress.show('Making a database …');
      const report = await checkInDatabase({
        seeds,
        days,
        level,
        networks,
        databaseUrl,
        onSeed,
        signal: shell.signal,
      }).finally(progress.clear);
      printAnswer(shell, flags, report, renderCheck);
      const [first] = report.mismatches;
      if (!first) return;
      shell.exitCode = EXIT.failed;
      const again = `sandbox check --seeds ${first.seed} --days ${days} --faults ${level} --networks ${networks.join(',')}`;
      shell.err.write(`Run the first one again: tributary ${again}\n`);
    });
}

function networksIn(text: string): SimulatedNetworkId[] {
  return text.split(',').map((name) => {
    const found = SIMULATED_NETWORKS.find((id) => id === name.trim());
    if (found) return found;
    throw new SetupError(`There is no simulated network "${name}". Known are: ${SIMULATED_NETWORKS.join(', ')}.`);
  });
}

function renderCheck({ seeds, days, conversions, mismatches }: CheckReport): string {
  const what = `${counted(seeds, 'seed')}, ${counted(days, 'day')} each, ${counted(conversions, 'conversion')}`;
  if (mismatches.length === 0) return `${what}: the database is the books of the worlds, to the last digit.`;
  const lines = mismatches.map(
    ({ seed, what: place, expected, found }) =>
      `seed ${seed}: ${place}\n  expected  ${expected ?? '(nothing)'}\n  found     ${found ?? '(nothing)'}`,
  );
  return paragraphs(lines.join('\n'), `${what}: ${counted(mismatches.length, 'mismatch', 'mismatches')}.`);
}

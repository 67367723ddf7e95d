import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from '@commander-js/extra-typings';
import { readConfig } from '../../core/config.ts';
import { firstReading } from '../../db/queries/first-reading.ts';
import { examples, globalFlags } from '../answer.ts';
import { DEMO_DAYS } from '../demo.ts';
import { openLog } from '../log.ts';
import { paragraphs, progressLine } from '../output.ts';
import { renderStatus } from '../render-status.ts';
import { type GlobalFlags, type Look, lookOf, type Shell } from '../shell.ts';
import { type StatusReport, statusReport } from '../status-report.ts';
import { startUp, type Up } from '../up.ts';

/** What `up --json` prints once everything runs. */
interface UpReport {
  readonly url: string;
  readonly health: string;
  readonly database: string;
  readonly queue: string;
  readonly sandbox: string | null;
  readonly status: StatusReport;
}

export function upCommand(shell: Shell) {
  return new Command('up')
    .description('start everything in this process: database, queue, worker and HTTP server; Ctrl-C stops it')
    .option('--port <port>', 'where the HTTP server listens (PORT); 4180 or the next free one unless given')
    .option('--host <host>', 'on which address (HOST); only this machine unless given')
    .addHelpText('after', examples('up', 'up --demo', 'up --port 8080 --data /var/lib/tributary'))
    .action(async (options, command) => {
      const flags = globalFlags(command);
      const config = readConfig(shell.env, { ...flags, ...options });
      const log = openLog(config.logLevel, shell.err);
      const progress = progressLine(shell, flags);
      progress.show(`Starting in ${config.dataDir} …`);
      const up = await startUp({ config, isDemo: flags.demo === true, version: shell.version, log }).finally(
        progress.clear,
      );
      try {
        await welcome(shell, flags, up);
        if (!shell.signal.aborted) await once(shell.signal, 'abort');
      } finally {
        if (!flags.json) shell.out.write('\nStopping: running syncs end or go back to the queue …\n');
        await up.stop();
        if (!flags.json) shell.out.write('Stopped. Start again to continue where this left off.\n');
      }
    });
}

/** Says where things are, then how the money stands; a demo first reads what its networks have. */
async function welcome(shell: Shell, flags: GlobalFlags, up: Up): Promise<void> {
  if (!flags.json) shell.out.write(`${places(shell.version, up)}\n\n`);
  if (up.demo) await untilRead(shell, flags, up);
  if (shell.signal.aborted) return;
  const { db, engine } = up.opened;
  const status = await statusReport(db, engine.clock.now());
  const { url, dataPlace: database, queuePlace: queue } = up;
  const report: UpReport = {
    url,
    health: `${url}/api/health`,
    database,
    queue,
    sandbox: up.demo?.origin ?? null,
    status,
  };
  const text = flags.json ? JSON.stringify(report) : outlook(report, lookOf(shell), up.demo !== null);
  shell.out.write(`${text}\n`);
}

function places(version: string, { url, dataPlace, queuePlace, demo }: Up): string {
  const lines = [
    ['Open', url],
    ['Health', `${url}/api/health`],
    ['Database', dataPlace],
    ['Queue', queuePlace],
    ...(demo ? [['Sandbox', `${demo.origin} plays ${demo.networks.join(', ')}`]] : []),
  ];
  const title = demo ? `Tributary ${version}: a demo, nothing in it is real` : `Tributary ${version}`;
  return [title, ...lines.map(([name = '', value]) => `  ${name.padEnd(9)} ${value}`)].join('\n');
}

function outlook({ status }: UpReport, look: Look, isDemo: boolean): string {
  const flag = isDemo ? ' --demo' : '';
  const going = status.accounts.length > 0 ? 'Syncing goes on by schedule. ' : '';
  return paragraphs(
    renderStatus(status, look),
    `${going}Ctrl-C stops everything.\nIn another terminal: npm run tributary -- status${flag}`,
  );
}

const LONGEST_WAIT_MS = 5 * 60_000;
const LOOK_EVERY_MS = 500;

/** Waits until the demo has read its history and every account has been read once, and says how it goes. */
async function untilRead(shell: Shell, flags: GlobalFlags, { opened: { db } }: Up): Promise<void> {
  const progress = progressLine(shell, flags);
  if (!flags.json) shell.out.write(`Reading ${DEMO_DAYS} simulated days through the real connectors …\n\n`);
  const until = performance.now() + LONGEST_WAIT_MS;
  while (!shell.signal.aborted && performance.now() < until) {
    const { conversions, unread } = await firstReading(db);
    if (unread === 0) break;
    progress.show(`${conversions} conversions, ${unread} passes still to read`);
    await pause(LOOK_EVERY_MS, undefined, { signal: shell.signal }).catch(() => {});
  }
  progress.clear();
}

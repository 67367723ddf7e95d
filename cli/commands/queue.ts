import { Command } from '@commander-js/extra-typings';
import { listAccounts } from '../../db/queries/accounts.ts';
import { openQueue, type ParkedJob, type SyncQueue } from '../../workers/queue.ts';
import { accountNamed, accountWord } from '../account-word.ts';
import { examples, globalFlags } from '../answer.ts';
import { counted, minuteOf, paragraphs, printAnswer, table } from '../output.ts';
import { type Session, withSession } from '../session.ts';
import type { GlobalFlags, Look, Shell } from '../shell.ts';

export function queueCommand(shell: Shell) {
  return new Command('queue')
    .description('what waits to be read, and what was given up')
    .addCommand(statusCommand(shell))
    .addCommand(retryCommand(shell));
}

interface QueueStatus extends Awaited<ReturnType<SyncQueue['counts']>> {
  readonly jobs: readonly ParkedAnswer[];
}

interface ParkedAnswer {
  readonly account: string;
  readonly pass: string;
  readonly kind: string;
  readonly attempts: number;
  readonly parkedAt: Date;
  readonly reason: string;
}

function statusCommand(shell: Shell) {
  return new Command('status')
    .description('count what waits, and list what was given up with its reason')
    .addHelpText('after', examples('queue status --json'))
    .action(async (_options, command) => {
      const flags = globalFlags(command);
      const status = await withQueue(shell, flags, async (queue, { db }): Promise<QueueStatus> => {
        const words = new Map((await listAccounts(db)).map((account) => [account.id, accountWord(account)]));
        const jobs = (await queue.parked()).map((parked) => answerFor(parked, words));
        return { ...(await queue.counts()), jobs };
      });
      printAnswer(shell, flags, status, renderQueue);
    });
}

function retryCommand(shell: Shell) {
  return new Command('retry')
    .description('request again what was given up')
    .option('--account <account>', 'only of this one: its id, its name, or network/name')
    .addHelpText('after', examples('queue retry --account awin/main'))
    .action(async ({ account: word }, command) => {
      const flags = globalFlags(command);
      const retried = await withQueue(shell, flags, async (queue, { db }) => {
        const id = word === undefined ? null : (await accountNamed(db, word)).id;
        const jobs = (await queue.parked()).filter(({ job }) => id === null || job.accountId === id);
        for (const parked of jobs) await queue.retryParked(parked);
        return jobs.length;
      });
      printAnswer(shell, flags, { retried }, () =>
        retried === 0
          ? 'Nothing was given up.'
          : `${counted(retried, 'job')} requested again. A running "tributary up" or worker takes them up.`,
      );
    });
}

function withQueue<T>(
  shell: Shell,
  flags: GlobalFlags,
  work: (queue: SyncQueue, session: Session) => Promise<T>,
): Promise<T> {
  return withSession(shell, flags, async (session) => {
    const queue = await openQueue({ databaseUrl: session.url, redisUrl: session.config.redisUrl });
    try {
      return await work(queue, session);
    } finally {
      await queue.close();
    }
  });
}

function answerFor({ job, attempts, parkedAt, reason }: ParkedJob, words: ReadonlyMap<number, string>): ParkedAnswer {
  const account = words.get(job.accountId) ?? `account ${job.accountId}`;
  return { account, pass: job.pass, kind: job.kind, attempts, parkedAt, reason };
}

function renderQueue({ waiting, active, delayed, parked, jobs }: QueueStatus, look: Look): string {
  const counts = `${waiting} waiting, ${active} running, ${delayed} for later, ${parked} given up.`;
  if (jobs.length === 0) return counts;
  const titles = ['ACCOUNT', 'PASS', 'KIND', 'ATTEMPTS', 'GIVEN UP (UTC)', 'REASON'];
  const rows = jobs.map((job) => [
    job.account,
    job.pass,
    job.kind,
    String(job.attempts),
    minuteOf(job.parkedAt),
    job.reason,
  ]);
  return paragraphs(
    counts,
    table(
      titles.map((title) => ({ title })),
      rows,
      look,
    ),
    'Request them again: tributary queue retry',
  );
}

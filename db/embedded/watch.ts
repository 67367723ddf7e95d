import { lookUpProcess } from './process-table.ts';

const LOOK_EVERY_MS = 1000;
/** After a failed attempt, say on a full disk, the next one waits. */
const TRY_AGAIN_MS = 5000;

interface ServerWatch {
  readonly pid: number;
  /** Looks no more; waits for an attempt that is under way. */
  end(): Promise<void>;
}

/**
 * Starts the server again when it ends although nobody asked it to: killed by the system for memory, or given up on a
 * full disk. Committed work is safe then, and what was under way meets a lost connection and tries again.
 */
export function watchServer(pid: number, startAgain: () => Promise<number>, log: (line: string) => void): ServerWatch {
  let current = pid;
  let ended = false;
  let timer: NodeJS.Timeout;
  let look = Promise.resolve();
  const plan = (waitMs: number) => {
    if (ended) return;
    timer = setTimeout(() => {
      look = lookOnce();
    }, waitMs);
    timer.unref();
  };
  const lookOnce = async () => {
    try {
      if ((await lookUpProcess(current)) === null && !ended) {
        log('PostgreSQL has ended by itself: starting it again.');
        current = await startAgain();
        log('PostgreSQL runs again.');
      }
      plan(LOOK_EVERY_MS);
    } catch (error) {
      log(
        `${error instanceof Error ? error.message : error} The next attempt follows in ${TRY_AGAIN_MS / 1000} seconds.`,
      );
      plan(TRY_AGAIN_MS);
    }
  };
  plan(LOOK_EVERY_MS);
  return {
    get pid() {
      return current;
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      await look;
    },
  };
}

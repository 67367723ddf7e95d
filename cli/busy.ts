import { AccountBusyError } from '../core/errors.ts';
import { SECOND_MS } from '../core/time-window.ts';
import type { Session } from './session.ts';

/** Does work that needs an account for itself; with `wait`, as soon as whoever has it is done. */
export async function whenFree<T>(
  { engine, signal }: Pick<Session, 'engine' | 'signal'>,
  { wait, onWait = () => {} }: { readonly wait: boolean; readonly onWait?: () => void },
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!wait || !(error instanceof AccountBusyError)) throw error;
      onWait();
      await engine.clock.sleep(SECOND_MS, signal);
    }
  }
}

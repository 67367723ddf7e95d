import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SaveStep } from '../db/save-page.ts';

type Save = (passing: (step: SaveStep) => void) => Promise<unknown>;

/**
 * One save under way while the next page is prepared; never two, so that the order of observation stays. While a save sends
 * its rows it needs this process, and while Postgres works on them it does not: `turn` is how the preparation gives way.
 */
export class SavesInOrder {
  #underWay: Promise<unknown> = Promise.resolve();
  #sent: Promise<void> = Promise.resolve();

  /** Begins a save as soon as the one before it is done; throws what that one threw. */
  async next(save: Save): Promise<void> {
    await this.#underWay;
    let allSent = () => {};
    const passing = (step: SaveStep) => {
      if (step === 'staged') allSent();
      if (step !== 'asked') return;
      this.#sent = new Promise((resolve) => {
        allSent = resolve;
      });
    };
    this.#underWay = save(passing).finally(() => allSent());
    this.#underWay.catch(() => {}); // thrown by the next call, or by `done`
  }

  /** Waits while rows are being sent, and lets everything else have its turn. */
  async turn(): Promise<void> {
    await nextTurn();
    await this.#sent;
  }

  /** Throws what the last save threw. */
  async done(): Promise<void> {
    await this.#underWay;
  }
}

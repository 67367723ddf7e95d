import { expect, it } from 'vitest';
import { checkSeeds } from '../../cli/check/check-seeds.ts';
import { openDatabase } from '../../db/client.ts';
import type { FaultLevel } from '../../sandbox/faults.ts';
import { SIMULATED_NETWORKS } from '../../sandbox/merchants.ts';
import { createTestDatabase } from '../support/postgres.ts';

const DAYS = 30;

interface Seeds {
  readonly level: FaultLevel;
  readonly from: number;
  readonly until: number;
  /** Each seed lives with so many of the networks; which ones, changes from seed to seed. */
  readonly networksAtOnce: number;
}

/**
 * Simulated weeks with faults and crashes; afterwards the database is the world's own books, per account, program, day,
 * status and currency, to the last digit. A failure names its seed: `tributary sandbox check --seeds N` runs it again.
 */
export function itHoldsTheBooks({ level, from, until, networksAtOnce }: Seeds): void {
  it(`holds the books of seeds ${from} to ${until}, faults: ${level}`, { timeout: 15 * 60_000 }, async () => {
    const { url, drop } = await createTestDatabase();
    const db = openDatabase(url, { max: 20 });
    try {
      for (const [turn, networks] of rotations(networksAtOnce).entries()) {
        const seeds = Array.from({ length: until - from + 1 }, (_, index) => from + index);
        const ofThisTurn = seeds.filter((seed) => seed % SIMULATED_NETWORKS.length === turn);
        const report = await checkSeeds(db, ofThisTurn, { days: DAYS, level, networks });
        expect(report.mismatches.slice(0, 20), `networks: ${networks.join(',')}`).toEqual([]);
        expect(report.conversions).toBeGreaterThan(ofThisTurn.length * 20);
      }
    } finally {
      await db.close();
      await drop();
    }
  });
}

function rotations(size: number) {
  return SIMULATED_NETWORKS.map((_, turn) => [...SIMULATED_NETWORKS, ...SIMULATED_NETWORKS].slice(turn, turn + size));
}

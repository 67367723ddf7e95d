import { expect, it } from 'vitest';
import { checkSeeds } from '../../cli/check/check-seeds.ts';
import { openDatabase } from '../../db/client.ts';
import type { FaultLevel } from '../../sandbox/faults.ts';
import { SIMULATED_NETWORKS } from '../../sandbox/merchants.ts';
import { createTestDatabase } from '../support/postgres.ts';

/** Each seed lives with so many of the networks; which ones, changes from seed to seed. */
const NETWORKS_AT_ONCE = 3;

/**
 * Simulated weeks with faults and crashes; afterwards the database is the world's own books, per account, program, day,
 * status and currency, to the last digit. A failure names its seed: `tributary sandbox check --seeds N` runs it again.
 */
export function itHoldsTheBooks(level: FaultLevel, from: number, until: number, days: number): void {
  it(`holds the books of seeds ${from} to ${until}, faults: ${level}`, { timeout: 15 * 60_000 }, async () => {
    const { url, drop } = await createTestDatabase();
    const db = openDatabase(url, { max: 20 });
    try {
      for (const [turn, networks] of rotations().entries()) {
        const seeds = Array.from({ length: until - from + 1 }, (_, index) => from + index);
        const ofThisTurn = seeds.filter((seed) => seed % SIMULATED_NETWORKS.length === turn);
        const report = await checkSeeds(db, ofThisTurn, { days, level, networks });
        expect(report.mismatches.slice(0, 20), `networks: ${networks.join(',')}`).toEqual([]);
        expect(report.conversions).toBeGreaterThan(ofThisTurn.length * 20);
      }
    } finally {
      await db.close();
      await drop();
    }
  });
}

function rotations() {
  return SIMULATED_NETWORKS.map((_, turn) =>
    [...SIMULATED_NETWORKS, ...SIMULATED_NETWORKS].slice(turn, turn + NETWORKS_AT_ONCE),
  );
}

import { expect, it } from 'vitest';
import { checkSeeds } from '../../cli/check/check-seeds.ts';
import { openDatabase } from '../../db/client.ts';
import type { FaultLevel } from '../../sandbox/faults.ts';
import { SIMULATED_NETWORKS } from '../../sandbox/merchants.ts';
import { createTestDatabase } from '../support/postgres.ts';

/**
 * Simulated weeks with faults and crashes; afterwards the database is the world's own books, per account, program, day,
 * status and currency, to the last digit. A failure names its seed: `tributary sandbox check --seeds N` runs it again.
 */
export function itHoldsTheBooks(level: FaultLevel, from: number, until: number, days: number): void {
  it(`holds the books of seeds ${from} to ${until}, faults: ${level}`, { timeout: 15 * 60_000 }, async () => {
    const { url, drop } = await createTestDatabase();
    const db = openDatabase(url, { max: 20 });
    try {
      const seeds = Array.from({ length: until - from + 1 }, (_, index) => from + index);
      const report = await checkSeeds(db, seeds, { days, level, networks: SIMULATED_NETWORKS });
      expect(report.mismatches.slice(0, 20)).toEqual([]);
      expect(report.conversions).toBeGreaterThan(seeds.length * 20);
    } finally {
      await db.close();
      await drop();
    }
  });
}

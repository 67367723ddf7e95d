import { beforeAll, describe, expect, it } from 'vitest';
import { lengthOf } from '../../cli/output.ts';
import { renderStatus } from '../../cli/render-status.ts';
import { statusReport } from '../../cli/status-report.ts';
import { CredentialsRefusedError } from '../../core/errors.ts';
import { decimal } from '../../core/money.ts';
import { addAccount, pauseAccount, removeAccount } from '../../db/queries/accounts.ts';
import { closePass, noteGap, planHistory } from '../../db/queries/checkpoints.ts';
import { beginRun } from '../../db/queries/runs.ts';
import { savePage } from '../../db/save-page.ts';
import { sale } from '../support/conversions.ts';
import { useDatabase } from '../support/ledger.ts';

const NOW = new Date('2026-03-31T12:00:00Z');
const day = (text: string) => new Date(`2026-${text}T00:00:00Z`);
const PLAIN = { colour: false } as const;

describe('the status of everything', () => {
  const held = useDatabase();
  const ids: Record<string, number> = {};

  async function connect(network: string, name: string) {
    const { id } = await addAccount(held.db, { network, name, timeZone: 'UTC', connectedAt: day('01-01') });
    ids[name] = id;
    return beginRun(held.db, { accountId: id, pass: 'new', kind: 'live', at: NOW });
  }

  it('says what to do where nothing is connected', async () => {
    const report = await statusReport(held.db, NOW);
    expect(report).toMatchObject({ accounts: [], totals: [], lacking: [] });
    expect(renderStatus(report, PLAIN)).toContain('tributary accounts add awin');
  });

  describe('with accounts', () => {
    beforeAll(async () => {
      const { db } = held;
      const blog = await connect('awin', 'blog');
      await savePage(db, blog, {
        observedAt: NOW,
        rows: [
          sale('1', { commission: '1000000.10', occurredAt: day('03-30') }),
          sale('2', { commission: '0.005', status: 'approved', occurredAt: day('03-31') }),
          sale('3', { commission: '7', status: 'paid', occurredAt: day('03-31') }),
          sale('4', { commission: '5', status: 'reversed', occurredAt: day('03-31') }),
          sale('5', { commission: '-2.5', status: 'reversed', occurredAt: day('03-31') }),
          sale('6', { commission: '3', currency: 'GBP', occurredAt: day('03-31') }),
        ],
        setAside: [
          {
            stream: 'conversions',
            pass: 'new',
            reason: 'The status "odd" is unknown.',
            raw: { id: 9 },
            networkTransactionId: '9',
          },
        ],
      });
      for (const pass of ['new', 'validated', 'amended', 'paid', 'programs', 'clicks'])
        await closePass(db, blog, pass, pass === 'amended' ? day('03-30') : NOW, NOW);
      await planHistory(db.pool, blog.accountId, 'new', { from: day('01-01'), goal: new Date('2025-01-01T00:00:00Z') });
      await noteGap(db, blog.accountId, 'amended', { start: day('02-01'), end: day('02-03') });
      const shop = await connect('cj', 'shop');
      await savePage(db, shop, { observedAt: NOW, rows: [sale('1', { commission: '0.995' })], setAside: [] });
      const refused = new CredentialsRefusedError('CJ refuses the token.', { networkWords: 'Not Authorized' });
      await pauseAccount(db, shop.accountId, refused, day('03-29'));
      const old = await connect('impact', 'old');
      await savePage(db, old, { observedAt: NOW, rows: [sale('1', { commission: '99' })], setAside: [] });
      await removeAccount(db, old.accountId, NOW);
    });

    it('adds up exactly, by the sign rule, and never across currencies', async () => {
      const { accounts, totals } = await statusReport(held.db, NOW);
      const eur = {
        currency: 'EUR',
        pending: '1000000.10',
        approved: '0.005',
        paid: '7.00',
        reversed: '5.00',
        corrections: '-2.50',
        net: '1000004.605',
      };
      expect(accounts[0]?.money).toEqual([
        eur,
        expect.objectContaining({ currency: 'GBP', pending: '3.00', net: '3.00' }),
      ]);
      expect(totals.map(({ currency, net }) => [currency, net])).toEqual([
        ['EUR', '1000005.60'],
        ['GBP', '3.00'],
      ]);
      expect(decimal(totals[0]?.pending ?? '')).toBe('1000001.095000');
    });

    it('knows how far each account is complete, and who may have more', async () => {
      const report = await statusReport(held.db, NOW);
      const [blog, shop] = report.accounts;
      expect(blog).toMatchObject({ state: 'late', completeUntil: day('03-30'), setAside: { rows: 1 } });
      expect(blog?.detail).toContain('"again" has not been done yet');
      expect(blog?.backfills).toMatchObject([{ pass: 'new', done: 0, windowsLeft: 13 }]);
      expect(blog?.gaps).toMatchObject([{ pass: 'amended', start: day('02-01'), end: day('02-03') }]);
      expect(shop).toMatchObject({ state: 'broken', reason: 'key refused', completeUntil: null });
      expect(shop?.trouble).toMatchObject({
        networkWords: 'Not Authorized',
        nextStep: 'Give it another key: tributary accounts set-keys cj/shop',
      });
      expect(report.lacking).toEqual(['awin/blog', 'cj/shop']);
    });

    it('reads as a table, with amounts to the right and what wants attention below', async () => {
      const text = renderStatus(await statusReport(held.db, NOW), PLAIN);
      const line = (start: string) => text.split('\n').find((one) => one.startsWith(start));
      expect(line('awin')).toMatch(
        /^awin {5,}blog {3,}late {3,}.*2026-03-30 00:00 +EUR +1000000\.10 +0\.005 +7\.00 +5\.00 +-2\.50 +1000004\.605$/,
      );
      expect(line('cj ')).toContain('broken: key refused');
      expect(text).toMatch(/^total +EUR .* 1000005\.60$/m);
      expect(text).toContain('The network says: "Not Authorized"');
      expect(text).toContain('1 row is set aside, such as: The status "odd" is unknown.');
      expect(text).toContain('2026-02-01 00:00 to 2026-02-03 00:00 can no longer be asked for');
    });

    it('fits a narrow terminal, in colour', async () => {
      const text = renderStatus(await statusReport(held.db, NOW), { colour: true, width: 100 });
      const tables = text.split('\n').filter((line) => /awin|cj|total|NETWORK/.test(line) && !line.includes(': '));
      expect(tables.length).toBeGreaterThan(4);
      for (const line of tables) expect(lengthOf(line)).toBeLessThanOrEqual(100);
      expect(text).toContain('\u001b[');
    });
  });
});

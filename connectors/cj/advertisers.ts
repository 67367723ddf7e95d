import { z } from 'zod';
import type { Program, Stream } from '../contract.ts';
import { Id, OptionalText } from '../kit/fields.ts';
import { byPage } from '../kit/paginate.ts';

const LOOK_UP = 'https://advertiser-lookup.api.cj.com/v2/advertiser-lookup';
const PAGE_SIZE = 100;

const Answer = z.object({
  'cj-api': z.object({
    advertisers: z.object({
      '@total-matched': z.coerce.number().int(),
      advertiser: z.array(z.unknown()).default([]),
    }),
  }),
});
const Advertiser = z.object({
  'advertiser-id': Id,
  'advertiser-name': z.string().min(1),
  'relationship-status': OptionalText,
  'program-url': OptionalText,
});

/** The advertisers that the company has joined, from the one XML service that CJ still has for this. */
export const advertisers: Stream<Program, { companyId: string }> = {
  passes: [{ name: 'programs', by: 'list', every: 'night', maxWindowDays: 1, lookbackDays: 1 }],
  async *pages(http, _question, { companyId }) {
    const joined = { 'requestor-cid': companyId, 'advertiser-ids': 'joined', 'records-per-page': PAGE_SIZE };
    const fetchPage = async (number: number) => {
      const answer = await http.xml(LOOK_UP, { ...joined, 'page-number': number }, ['advertiser'], Answer);
      return answer['cj-api'].advertisers;
    };
    const pages = byPage(
      fetchPage,
      (page, number) => page.advertiser.length === 0 || number * PAGE_SIZE >= page['@total-matched'],
    );
    for await (const page of pages) yield page.advertiser;
  },
  normalise(raw) {
    const row = Advertiser.parse(raw);
    return {
      programId: row['advertiser-id'],
      name: row['advertiser-name'],
      status: row['relationship-status'],
      currency: null,
      url: row['program-url'],
    };
  },
};

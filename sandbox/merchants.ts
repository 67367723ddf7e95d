import { Random } from './random.ts';

/** One merchant's offer at one simulated network. */
export interface Merchant {
  /** The network's id of the program. */
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly currency: string;
  /** Country of the merchant, in the network's spelling. */
  readonly region: string;
  readonly kind: 'sale' | 'lead';
  /** Commission in hundredths of a percent; for leads the fixed commission in hundredths of the currency. */
  readonly rate: number;
  /** Decimal places of the sale and of the commission: yen have none, some networks count tenths of a cent. */
  readonly places: number;
  readonly commissionPlaces: number;
}

/** What is particular to a network's side of the world; how it books and tells a sale is elsewhere. */
export interface NetworkProfile {
  readonly merchants: readonly Merchant[];
  /** Sub-ids of the owner's links. Numbers with leading zeros and letters beyond ASCII are what readers get wrong. */
  readonly subIds: readonly (string | null)[];
  /** The longest that a sale stays unreported. */
  readonly longestDelayHours: number;
}

type Offer = readonly [id: string, name: string, currency: string, region: string, rate: number, kind?: 'lead'];

const AWIN: readonly Offer[] = [
  ['80011', 'Grünzeug & Co.', 'EUR', 'DE', 500],
  ['80027', 'Harbour Lane Books', 'GBP', 'GB', 725],
  ['80033', 'Küchenfee', 'EUR', 'DE', 333],
  ['80048', 'Fernway Walking', 'GBP', 'GB', 1000],
  ['80052', 'Quote Sparrow', 'GBP', 'GB', 450, 'lead'],
];
const CJ: readonly Offer[] = [
  ['5011223', 'Brumé Outdoor', 'USD', 'US', 700],
  ['5011871', 'Cobalt Audio', 'USD', 'US', 335],
  ['5012404', 'Lantern & Loom', 'USD', 'US', 1250],
  ['5013390', 'Tidewater Insurance', 'USD', 'US', 1800, 'lead'],
  ['5014006', 'Juniper Stays', 'USD', 'US', 415],
];
const IMPACT: readonly Offer[] = [
  ['21044', 'Fjällstig Outlet', 'EUR', 'SE', 500],
  ['18800', 'Anvil Tools', 'USD', 'US', 500],
  ['19377', 'Paper Moon Prints', 'USD', 'US', 1500],
  ['22510', 'Casa Limón', 'EUR', 'ES', 850],
  ['20066', 'Ledgerly', 'USD', 'US', 2500, 'lead'],
];
const RAKUTEN: readonly Offer[] = [
  ['40111', 'Camp Meadow UK', 'GBP', '3', 500],
  ['40236', 'Marlow Shoes', 'GBP', '3', 800],
  ['41920', 'Redwood Pantry', 'USD', '1', 625],
  ['43007', 'Sora Stationery', 'JPY', '11', 400],
];
/** Amazon has one marketplace per account; which one is decided by the seed. */
const MARKETPLACES: readonly Offer[] = [
  ['www.amazon.com', 'Amazon.com', 'USD', 'NA', 450],
  ['www.amazon.de', 'Amazon.de', 'EUR', 'EU', 500],
  ['www.amazon.co.uk', 'Amazon.co.uk', 'GBP', 'EU', 400],
  ['www.amazon.co.jp', 'Amazon.co.jp', 'JPY', 'FE', 300],
];

/** The networks that the sandbox can play. */
export const SIMULATED_NETWORKS = ['awin', 'cj', 'impact', 'rakuten', 'amazon-associates'] as const;
export type SimulatedNetworkId = (typeof SIMULATED_NETWORKS)[number];

/** The merchants and habits of one network in the world of this seed: at least three merchants, not always all. */
export function profileOf(network: SimulatedNetworkId, seed: number): NetworkProfile {
  const random = new Random(seed, network, 'profile');
  const some = (offers: readonly Offer[]) => offers.slice(0, random.whole(3, offers.length)).map(merchantOf);
  switch (network) {
    case 'awin':
      // An Awin sale is found by its own date, so readers overlap by two days: it is reported within less.
      return { merchants: some(AWIN), subIds: [null, 'rasen-12', '0071', 'größe-ü', '0'], longestDelayHours: 40 };
    case 'cj':
      return {
        merchants: some(CJ).map((merchant) => ({ ...merchant, commissionPlaces: 3 })),
        subIds: [null, 'post312', '0071', 'Gear2026'],
        longestDelayHours: 130,
      };
    case 'impact':
      return { merchants: some(IMPACT), subIds: [null, 'guide-tents', '0071', '比較-7'], longestDelayHours: 130 };
    case 'rakuten':
      return { merchants: some(RAKUTEN), subIds: [null, 'guide12', '0071', 'Summer'], longestDelayHours: 140 };
    case 'amazon-associates':
      return {
        merchants: [merchantOf(random.pick(MARKETPLACES))],
        subIds: [null, 'bread-pans', '0071'],
        longestDelayHours: 40,
      };
  }
}

function merchantOf([id, name, currency, region, rate, kind]: Offer): Merchant {
  const places = currency === 'JPY' ? 0 : 2;
  const url = id.startsWith('www.') ? `https://${id}/` : `https://shop-${id}.example/`;
  return { id, name, url, currency, region, kind: kind ?? 'sale', rate, places, commissionPlaces: places };
}

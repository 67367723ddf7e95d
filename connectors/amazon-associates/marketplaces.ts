import { SetupError } from '../../core/errors.ts';

/** What a report leaves unsaid and the marketplace decides. */
export interface Marketplace {
  /** The host, as it stands in links and as the program's id. */
  readonly host: string;
  readonly currency: string;
  /** Which group of marketplaces a Creators API credential of this one works for. */
  readonly region: 'na' | 'eu' | 'fe';
  /** People there write `1.234,50`. */
  readonly decimalComma: boolean;
  /** `03/02` is the second of March. Seen in exports of US and MX; CA comes from the same office and is assumed. */
  readonly monthFirst: boolean;
}

/** Host, currency, region, decimal comma, month first. */
const TABLE: readonly (readonly [string, string, Marketplace['region'], boolean, boolean])[] = [
  ['www.amazon.com', 'USD', 'na', false, true],
  ['www.amazon.ca', 'CAD', 'na', false, true],
  ['www.amazon.com.mx', 'MXN', 'na', false, true],
  ['www.amazon.com.br', 'BRL', 'na', true, false],
  ['www.amazon.co.uk', 'GBP', 'eu', false, false],
  ['www.amazon.de', 'EUR', 'eu', true, false],
  ['www.amazon.fr', 'EUR', 'eu', true, false],
  ['www.amazon.it', 'EUR', 'eu', true, false],
  ['www.amazon.es', 'EUR', 'eu', true, false],
  ['www.amazon.nl', 'EUR', 'eu', true, false],
  ['www.amazon.com.be', 'EUR', 'eu', true, false],
  ['www.amazon.ie', 'EUR', 'eu', false, false],
  ['www.amazon.se', 'SEK', 'eu', true, false],
  ['www.amazon.pl', 'PLN', 'eu', true, false],
  ['www.amazon.com.tr', 'TRY', 'eu', true, false],
  ['www.amazon.ae', 'AED', 'eu', false, false],
  ['www.amazon.sa', 'SAR', 'eu', false, false],
  ['www.amazon.eg', 'EGP', 'eu', false, false],
  ['www.amazon.in', 'INR', 'eu', false, false],
  ['www.amazon.co.jp', 'JPY', 'fe', false, false],
  ['www.amazon.com.au', 'AUD', 'fe', false, false],
  ['www.amazon.sg', 'SGD', 'fe', false, false],
];

export const MARKETPLACES: ReadonlyMap<string, Marketplace> = new Map(
  TABLE.map(([host, currency, region, decimalComma, monthFirst]) => [
    host,
    { host, currency, region, decimalComma, monthFirst },
  ]),
);

/** The marketplace of a host; throws a SetupError that lists what there is. */
export function marketplaceOf(host: string): Marketplace {
  const found = MARKETPLACES.get(host);
  if (!found) {
    throw new SetupError(`"${host}" is no Amazon marketplace; choose one of ${[...MARKETPLACES.keys()].join(', ')}.`);
  }
  return found;
}

/** `www.amazon.co.uk` is shown as `Amazon.co.uk`. */
export function programName(host: string): string {
  const bare = host.replace(/^www\./, '');
  return bare.charAt(0).toUpperCase() + bare.slice(1);
}

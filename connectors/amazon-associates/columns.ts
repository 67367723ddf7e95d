/**
 * Headers as accounts around the world write them, already plain (see `plainHeader`), in order of trust: when a file has
 * two that fit, the earlier one counts. A new language is a few more words here.
 */
const ALIASES = {
  productLine: ['product line', 'category', 'categoría', 'kategorie', 'catégorie', 'categoria', 'categorie'],
  itemName: ['item', 'name', 'title', 'nombre', 'artikel', 'nom', 'nome', 'naam'],
  asin: ['asin'],
  seller: ['seller', 'vendedor', 'verkäufer', 'vendeur', 'venditore', 'verkoper'],
  trackingId: [
    'tracking id',
    'tag',
    'id de seguimiento',
    'tracking-id',
    'trackingid',
    'tracking-kennung',
    'id de suivi',
    'id monitoraggio',
    'id di tracciamento',
    'volg-id',
  ],
  date: [
    'date shipped',
    'date',
    'fecha de envío',
    'fecha',
    'versanddatum',
    'versendet am',
    'datum',
    "date d'expédition",
    'data di spedizione',
    'verzenddatum',
  ],
  posixSeconds: ['edate'],
  price: ['price', 'precio', 'preis', 'prix', 'prezzo', 'prijs'],
  quantity: [
    'quantity',
    'items shipped',
    'qty',
    'artículos enviados',
    'versendete artikel',
    'articles expédiés',
    'articoli spediti',
    'verzonden artikelen',
  ],
  returns: ['returns', 'devoluciones', 'rücksendungen', 'retours', 'resi'],
  revenue: ['revenue', 'ingresos', 'umsatz', 'revenus', 'ricavi', 'entrate', 'omzet'],
  earnings: [
    'earnings',
    'ad fees',
    'comisiones',
    'tarifas de publicidad',
    'werbekostenerstattung',
    'werbekostenerstattungen',
    'frais de publicité',
    'commissioni pubblicitarie',
    'advertentiekosten',
  ],
  rate: ['referral fee rate', 'rate'],
  subTag: ['sub tag', 'subtag'],
  clicks: ['clicks', 'clics', 'klicks', 'clic', 'kliks'],
  associateId: ['associate id'],
} as const satisfies Record<string, readonly string[]>;

export type Column = keyof typeof ALIASES;

/** A header without what differs between accounts: case, spaces at the ends, underscores and `($)`. */
function plainHeader(cell: string): string {
  return cell
    .replace(/\([^)]*\)\s*$/, '')
    .replace(/_/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ')
    .replace(/\u2019/g, "'")
    .trim()
    .toLowerCase();
}

/** Under which name this file has each column that we know; columns that it lacks are absent. */
type Columns = Partial<Readonly<Record<Column, string>>>;

export function columnsOf(header: readonly string[]): Columns {
  const plain = header.map(plainHeader);
  const found: Partial<Record<Column, string>> = {};
  for (const [column, aliases] of Object.entries(ALIASES) as [Column, readonly string[]][]) {
    const alias = aliases.find((name) => plain.includes(name));
    const name = alias === undefined ? undefined : header[plain.indexOf(alias)];
    if (name !== undefined) found[column] = name;
  }
  return found;
}

/** Title lines above the table have neither of these cells whole. */
export function isItemHeader(cells: readonly string[]): boolean {
  const { asin, trackingId } = columnsOf(cells);
  return asin !== undefined && trackingId !== undefined;
}

/** A report of items with what was earned on each: the only kind that becomes conversions. */
export function isEarningsHeader(cells: readonly string[]): boolean {
  const { earnings, revenue } = columnsOf(cells);
  return isItemHeader(cells) && earnings !== undefined && revenue !== undefined;
}

/** Clicks by tracking id (`Tracking ID, Clicks, …`) or by day (`Date, Clicks, …`). */
export function isClicksHeader(cells: readonly string[]): boolean {
  const { asin, clicks, associateId, trackingId, date } = columnsOf(cells);
  return asin === undefined && clicks !== undefined && (associateId ?? trackingId ?? date) !== undefined;
}

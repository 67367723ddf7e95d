import { XMLParser, XMLValidator } from 'fast-xml-parser';

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/**
 * Reads XML as plain objects: attributes as `@name`, every value as the text that stood there, `lists` always as arrays.
 * Entities that a document declares for itself are left as they stand. Throws a SyntaxError where it is not well formed.
 */
export function readXml(text: string, lists: readonly string[] = []): unknown {
  const flat = text.replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, (_, raw: string) => escapeText(raw));
  const flaw = XMLValidator.validate(flat);
  if (flaw !== true) throw new SyntaxError(`${flaw.err.msg} (line ${flaw.err.line})`);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    ignoreDeclaration: true,
    ignorePiTags: true,
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
    isArray: (name, _path, _leaf, isAttribute) => !isAttribute && lists.includes(name),
    tagValueProcessor: (_name, value) => decodeEntities(value),
    attributeValueProcessor: (_name, value) => decodeEntities(value),
  });
  return parser.parse(flat);
}

/** The five entities of XML and character numbers, in one pass, so that `&amp;lt;` stays `&lt;`. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (whole, name, decimal, hex) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole;
    const point = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

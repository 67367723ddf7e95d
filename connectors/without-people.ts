/**
 * Fields of answers that tell about a buyer, across all networks: who, where, from which machine. Countries stay: they
 * are no person, and reports ask for them.
 */
const PEOPLE = [
  'customer_?(?:city|region|state|post_?code|postal_?code|zip|id|name|email|phone|address|hash)',
  'consumer_?(?:id|name|email|phone|address)',
  '(?:buyer|user|member|visitor)_?(?:name|email|phone|address|city|postcode|zip)',
  'ip',
  'ip_?address(?:_?hash)?',
  'ip_?hash',
  '(?:click|customer|referring|referral|session)_?ip',
  'e_?mail(?:_?address|_?hash)?',
  'user_?agent',
  'device_?id',
].join('|');

const IN_JSON = new RegExp(`("(?:${PEOPLE})"\\s*:\\s*)(?:"(?:[^"\\\\]|\\\\.)*"|-?\\d[\\d.eE+-]*|true|false)`, 'gi');
const IN_ELEMENT = new RegExp(`(<(${PEOPLE})(?:\\s[^>]*)?>)[^<]*(</\\2>)`, 'gi');
const IN_ATTRIBUTE = new RegExp(`(\\s(?:${PEOPLE})\\s*=\\s*)(?:"[^"]*"|'[^']*')`, 'gi');

/** The text of an answer, JSON or XML, without the people in it. Everything else stays to the letter. */
export function withoutPeople(text: string): string {
  return text.replace(IN_JSON, '$1null').replace(IN_ELEMENT, '$1$3').replace(IN_ATTRIBUTE, '$1""');
}

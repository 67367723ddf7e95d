/** A number long enough to lose digits in a double, standing where JSON puts a value. */
const LONG_NUMBER = /[:,[]\s*-?\d[\d.eE+-]{15}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses JSON without losing a digit: a number of 16 characters or more comes back as its own text, any shorter one as
 * a number whose shortest text is its exact value (15 significant digits always survive a double). Throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(TOKENS, (token) => (token.length >= 16 && token[0] !== '"' ? `"${token}"` : token)));
}

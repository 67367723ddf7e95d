/** 0x80 to 0x9f of Windows-1252, where Latin-1 has control characters; five of them are not in use. */
const WESTERN = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Decodes text in a charset by its name on the web, where `iso-8859-1` means Windows-1252. Node 20's own decoder for that
 * one loses the euro sign, so the 32 places are filled in here. Throws a RangeError for a name that nobody knows.
 */
export function decodeAs(label: string, bytes: Buffer): string {
  const decoder = new TextDecoder(label);
  if (decoder.encoding !== 'windows-1252') return decoder.decode(bytes);
  return bytes
    .toString('latin1')
    .replace(/[\u0080-\u009f]/g, (control) => WESTERN[control.charCodeAt(0) - 0x80] ?? control);
}

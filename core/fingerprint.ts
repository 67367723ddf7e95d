/**
 * Remembers which texts it has seen in eight bytes each: a million ids fit where their strings would not, and no page of
 * text is kept alive by one. Two different ids fall together once in 2^53; for "was it listed?" that is never.
 */
export class SeenTexts {
  readonly #seen = new Set<number>();

  add(text: string): void {
    this.#seen.add(fingerprint(text));
  }

  has(text: string): boolean {
    return this.#seen.has(fingerprint(text));
  }

  get size(): number {
    return this.#seen.size;
  }
}

/** 53 bits of a text: two multiplicative hashes of 32 bits (constants of MurmurHash3 and xxHash), put together. */
function fingerprint(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b1;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x85ebca6b);
    b = Math.imul(b ^ unit, 0xc2b2ae35);
    a ^= a >>> 13;
    b ^= b >>> 16;
  }
  return (a >>> 0) * 0x200000 + ((b >>> 0) & 0x1fffff);
}

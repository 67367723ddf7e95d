import { createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { keyFromBase64, keyId, newKey, type SealedPlace, seal, unseal } from '../../core/seal.ts';

const key = newKey();
const place: SealedPlace = ['sealed_credentials', 7, 'apiKey'];

it.each(['', 'k', 'schlüssel \u{1f511}', 'x'.repeat(5_000)])('opens what it sealed (%#)', (plain) => {
  expect(unseal(key, seal(key, plain, place), place)?.toString()).toBe(plain);
});

it('keeps to the documented format', () => {
  const sealed = seal(key, 'four', place);
  expect(sealed[0]).toBe(1);
  expect(sealed).toHaveLength(1 + 12 + 16 + 4);
});

it('never seals the same way twice', () => {
  const sealed = Array.from({ length: 50 }, () => seal(key, 'same', place).toString('hex'));
  expect(new Set(sealed).size).toBe(50);
  expect(new Set(sealed.map((hex) => hex.slice(2, 26))).size).toBe(50); // nonces
});

it.each<{ name: string; at: SealedPlace }>([
  { name: 'another table', at: ['access_tokens', 7, 'apiKey'] },
  { name: 'another account', at: ['sealed_credentials', 8, 'apiKey'] },
  { name: 'another field', at: ['sealed_credentials', 7, 'secret'] },
])('does not open at $name', ({ at }) => {
  expect(unseal(key, seal(key, 'hidden', place), at)).toBeNull();
});

it('does not open with another key', () => {
  expect(unseal(newKey(), seal(key, 'hidden', place), place)).toBeNull();
});

it('does not open when any one byte has changed', () => {
  const sealed = seal(key, 'hidden', place);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    expect(unseal(key, changed, place), `byte ${index}`).toBeNull();
  }
});

it('does not open when it has been cut or lengthened', () => {
  const sealed = seal(key, 'hidden', place);
  for (let length = 0; length < sealed.length; length += 1) {
    expect(unseal(key, sealed.subarray(0, length), place), `${length} bytes`).toBeNull();
  }
  expect(unseal(key, Buffer.concat([sealed, Buffer.of(0)]), place)).toBeNull();
});

const bytes = Buffer.alloc(32, 0xfb);
it.each([
  { name: 'base64', text: bytes.toString('base64'), reads: true },
  { name: 'base64url', text: bytes.toString('base64url'), reads: true },
  { name: '31 bytes', text: bytes.subarray(1).toString('base64'), reads: false },
  { name: '33 bytes', text: Buffer.alloc(33, 1).toString('base64'), reads: false },
  { name: 'hex', text: bytes.toString('hex'), reads: false },
  { name: 'nothing', text: '', reads: false },
  { name: 'a sentence', text: 'this is not a key at all, and yet it is as long', reads: false },
])('keyFromBase64: $name', ({ text, reads }) => {
  expect(keyFromBase64(text)?.export() ?? null).toEqual(reads ? bytes : null);
});

it('names a key by 8 digits that are neither the key nor its plain hash', () => {
  const fixed = createSecretKey(bytes);
  expect(keyId(fixed)).toMatch(/^[0-9a-f]{8}$/);
  expect(keyId(fixed)).toBe(keyId(createSecretKey(Buffer.from(bytes))));
  expect(keyId(fixed)).not.toBe(keyId(newKey()));
  expect(keyId(fixed)).toBe('cf891ced'); // stored with every account: it must never come out differently
});

it('shows nothing of a key when it is printed', () => {
  const shown =
    inspect({ key: createSecretKey(bytes) }, { depth: 9, showHidden: true }) +
    JSON.stringify({ key: createSecretKey(bytes) });
  expect(shown).not.toMatch(/fb.?fb/i);
});

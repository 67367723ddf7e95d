import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/**
 * A sealed value, version 1: `01 | nonce (12 bytes) | tag (16 bytes) | ciphertext`, by AES-256-GCM with a random nonce.
 * The place where it is stored is authenticated with it, so that a value moved to another row or field does not open.
 * Keys are KeyObjects: printing or serialising one shows nothing of it.
 */
const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Table, account, and the field (of a wrapped key: the id of the master key that wraps it). */
export type SealedPlace = readonly [table: string, accountId: number, field: string];

export function newKey(): KeyObject {
  return createSecretKey(randomBytes(KEY_BYTES));
}

/** Reads 32 bytes written as base64 (either alphabet, padding optional). Null where it is anything else. */
export function keyFromBase64(text: string): KeyObject | null {
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === KEY_BYTES ? createSecretKey(bytes) : null;
}

/** Names a key without telling anything of use about it: 8 hex digits of a labelled hash. */
export function keyId(key: KeyObject): string {
  const inner = createHash('sha256').update(key.export()).digest();
  return createHash('sha256').update('tributary master key id v1').update(inner).digest('hex').slice(0, 8);
}

export function seal(key: KeyObject, plain: string | Buffer, place: SealedPlace): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associatedData(place));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body]);
}

/** Null when it does not open: another key, another place, another version, or bytes that have been changed. */
export function unseal(key: KeyObject, sealed: Buffer, place: SealedPlace): Buffer | null {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) return null;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associatedData(place));
  decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES));
  const plain = decipher.update(sealed.subarray(HEAD_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return null; // the tag does not fit; node says no more than that
  }
}

/** JSON, so that no two places can read the same: ("a", 1, "2") is not ("a", 12, ""). */
function associatedData(place: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['tributary', VERSION, ...place]));
}

/** crypt(3)'s digits: six bits a character, in an order of its own. */
export const CRYPT_DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `count` digits of a number, lowest six bits first, as the MD5 and SHA schemes write it. */
function digits(value: number, count: number): string {
  let text = '';
  for (let i = 0, rest = value; i < count; i++, rest >>>= 6) text += CRYPT_DIGITS[rest & 63];
  return text;
}

/** Bytes of a digest in the order a scheme mixes them, three to four digits; `order` counts from the most significant of each three. */
export function encodeMixed(digest: Uint8Array, order: readonly (readonly number[])[]): string {
  let text = '';
  for (const group of order) {
    const value = group.reduce((sum, at) => (sum << 8) | (digest[at] as number), 0);
    text += digits(value, group.length + 1);
  }
  return text;
}

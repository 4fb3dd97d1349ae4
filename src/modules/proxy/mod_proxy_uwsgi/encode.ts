/** uwsgi requests: a block of variables with 16-bit lengths, the low byte first (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html). Pure. */

/** The most a block can hold, and with it each name and value. */
export const MAX_BLOCK = 0xffff;

/** modifier1 and modifier2 are 0: a WSGI request. @returns or how many bytes it would have to hold. */
export function encodeVariables(pairs: readonly (readonly [name: string, value: string])[]): Buffer | number {
  let size = 0;
  for (const [name, value] of pairs) size += 4 + name.length + value.length;
  if (size > MAX_BLOCK) return size;
  const buffer = Buffer.allocUnsafe(4 + size);
  buffer[0] = 0;
  buffer.writeUInt16LE(size, 1);
  buffer[3] = 0;
  let at = 4;
  for (const [name, value] of pairs) {
    at = buffer.writeUInt16LE(name.length, at);
    at += buffer.write(name, at, 'latin1');
    at = buffer.writeUInt16LE(value.length, at);
    at += buffer.write(value, at, 'latin1');
  }
  return buffer;
}

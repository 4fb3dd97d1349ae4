/** Text from outside, which Node has decoded as UTF-8, as the byte strings this program works with. */
import { Buffer } from 'node:buffer';
import path from 'node:path';

export function toBytes(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** An environment as byte strings, without what is not set. */
export function bytesOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const bytes: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined) bytes[toBytes(name)] = toBytes(value);
  }
  return bytes;
}

/** ServerRoot of a configuration file until the file says otherwise: its directory, or the one above a `conf`. Absolute, as Node has names. */
export function serverRootOf(file: string): string {
  const directory = path.dirname(path.resolve(file));
  return path.basename(directory) === 'conf' ? path.dirname(directory) : directory;
}

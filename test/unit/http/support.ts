/** Reads the recordings: requests sent to httpd 2.4.71 and what it did, one JSON object a line. */
import { readFileSync } from 'node:fs';
import { DEFAULT_OPTIONS, type ParserOptions, REGISTERED_METHODS } from '../../../src/http/request-head.ts';

/** Text, or text repeated: [text, times]. */
export type Segment = string | [text: string, times: number];

export function joinSegments(segments: readonly Segment[]): string {
  return segments.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('');
}

export function recorded<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`./recorded/${name}.json`, import.meta.url), 'utf8')) as T[];
}

/** The server configurations the recordings were made with. */
export const OPTIONS = {
  strict: DEFAULT_OPTIONS,
  unsafe: { ...DEFAULT_OPTIONS, strict: false },
  registered: { ...DEFAULT_OPTIONS, registeredMethods: REGISTERED_METHODS },
  require10: { ...DEFAULT_OPTIONS, allowHttp09: false },
  small: { ...DEFAULT_OPTIONS, limits: { line: 100, fields: 3, fieldSize: 50 } },
} satisfies Record<string, ParserOptions>;

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

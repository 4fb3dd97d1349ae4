/** Type maps: files that list variants (read_type_map of mod_negotiation.c). */
import { trimSpaces } from '../../../http/bytes.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { parseItem } from './accept.ts';
import type { Variant } from './choose.ts';

/** A header block, fields in lower case, in order; `body` where one stands in the map. */
interface Block {
  readonly fields: Map<string, string>;
  body: { start: number; length: number } | undefined;
}

/** What is wrong with a map: an AH number, and what to say in front of the file's name. */
interface MapProblem {
  readonly code: string;
  readonly message: string;
  /** The variants above it do not count either. */
  readonly isFatal: boolean;
}

export interface TypeMap {
  readonly variants: Variant[];
  readonly problem: MapProblem | undefined;
}

/** Reads a map up to what is wrong with it. */
export function parseTypeMap(text: string): TypeMap {
  const variants: Variant[] = [];
  const stopAt = (code: string, message: string, isFatal: boolean): TypeMap => ({
    variants,
    problem: { code, message: `Syntax error in type map, ${message}`, isFatal },
  });
  let block: Block = { fields: new Map(), body: undefined };
  const finish = (): void => {
    const variant = toVariant(block);
    if (variant !== undefined) variants.push(variant);
    block = { fields: new Map(), body: undefined };
  };
  for (let at = 0; at < text.length; ) {
    let end = lineEnd(text, at);
    let line = stripped(text.slice(at, end));
    at = end;
    if (trimSpaces(line) === '') {
      finish();
      continue;
    }
    if (line.startsWith('#')) continue;
    // Lines that begin with a blank belong to the one before.
    while (at < text.length && (text[at] === ' ' || text[at] === '\t')) {
      end = lineEnd(text, at);
      const more = stripped(text.slice(at, end));
      if (trimSpaces(more) === '') break;
      line += more;
      at = end;
    }
    const colon = line.indexOf(':');
    if (colon < 0) return stopAt('AH00681', "no ':' in a header", true);
    const name = asciiLower(trimSpaces(line.slice(0, colon)));
    const value = trimSpaces(withoutComments(line.slice(colon + 1)));
    if (name !== 'body') {
      block.fields.set(name, value);
      continue;
    }
    const tag = value;
    if (tag === '') return stopAt('AH00682', 'no header body', true);
    const stop = text.indexOf(tag, at);
    // Measured: what stands above it can still be chosen.
    if (stop < 0) return stopAt('AH00685', `no end tag '${tag}' found`, false);
    block.body = { start: at, length: stop - at };
    at = lineEnd(text, stop);
    finish();
  }
  finish();
  return { variants, problem: undefined };
}

const lineEnd = (text: string, at: number): number => {
  const newline = text.indexOf('\n', at);
  return newline < 0 ? text.length : newline + 1;
};
const stripped = (line: string): string => line.replace(/\r?\n$/, '');

/** Comments in parentheses, outside of quotes (strip_paren_comments). */
function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*"?)|\([^)]*\)?/g, (_, quoted: string | undefined) => quoted ?? ' ');
}

function toVariant({ fields, body }: Block): Variant | undefined {
  const uri = fields.get('uri') ?? '';
  const type = fields.get('content-type');
  // A block for the resource itself says nothing of a variant.
  if (
    type === undefined &&
    fields.get('content-language') === undefined &&
    fields.get('content-encoding') === undefined
  )
    return undefined;
  if (uri === '' && body === undefined) return undefined;
  const encoding = fields.get('content-encoding');
  const item = parseItem(type ?? '');
  const languages = (fields.get('content-language') ?? '')
    .split(',')
    .map((name) => asciiLower(trimSpaces(name)));
  return {
    fileName: uri.replace(/^"(.*)"$/, '$1'),
    description: fields.get('description') ?? '',
    mimeType: item.name,
    charset: item.charset ?? '',
    encoding: encoding === undefined ? undefined : asciiLower(encoding),
    languages: languages.filter((name) => name !== ''),
    sourceQuality: item.quality,
    level: item.level,
    length: body !== undefined ? body.length : Number.parseInt(fields.get('content-length') ?? '-1', 10),
    sub: undefined,
    body,
  };
}

/** Type maps: files that list variants (read_type_map of mod_negotiation.c). */
import { parseItem } from './accept.ts';
import type { Variant } from './choose.ts';

/** A header block, fields in lower case, in order; `body` where one stands in the map. */
interface Block {
  readonly fields: Map<string, string>;
  body: { start: number; length: number } | undefined;
}

/** Reads a map; a string says what is wrong with it. */
export function parseTypeMap(text: string): Variant[] | string {
  const variants: Variant[] = [];
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
    if (line.trim() === '') {
      finish();
      continue;
    }
    if (line.startsWith('#')) continue;
    // Lines that begin with a blank belong to the one before.
    while (at < text.length && (text[at] === ' ' || text[at] === '\t')) {
      end = lineEnd(text, at);
      const more = stripped(text.slice(at, end));
      if (more.trim() === '') break;
      line += more;
      at = end;
    }
    const colon = line.indexOf(':');
    if (colon < 0) return 'header without colon';
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = withoutComments(line.slice(colon + 1)).trim();
    if (name !== 'body') {
      block.fields.set(name, value);
      continue;
    }
    const tag = value;
    const stop = tag === '' ? -1 : text.indexOf(tag, at);
    if (stop < 0) return 'body without its end';
    block.body = { start: at, length: stop - at };
    at = lineEnd(text, stop);
    finish();
  }
  finish();
  return variants;
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
  const item = parseItem(type ?? '');
  const languages = (fields.get('content-language') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return {
    fileName: uri.replace(/^"(.*)"$/, '$1'),
    description: fields.get('description') ?? '',
    mimeType: item.name,
    charset: item.charset ?? '',
    encoding: fields.get('content-encoding')?.trim().toLowerCase(),
    languages: languages.filter((name) => name !== ''),
    sourceQuality: item.quality,
    level: item.level,
    length: body !== undefined ? body.length : Number.parseInt(fields.get('content-length') ?? '-1', 10),
    sub: undefined,
    body,
  };
}

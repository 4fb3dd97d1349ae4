/** What an answer says of the choice: Vary, TCN, Alternates, and the list on a page (set_neg_headers, make_variant_list). */
import type { Request } from '../../../core/request.ts';
import { escapeHtml, escapePathSegment } from '../../../http/escape.ts';
import type { Mode } from './accept.ts';
import type { Variant } from './choose.ts';

/** Sets the fields, so that errors have them too. */
export function setFields(
  r: Request,
  variants: readonly Variant[],
  mode: Mode,
  isChoice: boolean,
  lengthOf: (variant: Variant) => number,
): void {
  const fields = r.errHeadersOut;
  if (mode.sendsAlternates && variants.length > 0) {
    fields.merge('Alternates', variants.map((variant) => alternate(variant, lengthOf)).join(', '));
  }
  const varies = (of: (variant: Variant) => string): boolean => new Set(variants.map(of)).size > 1;
  const names = [
    mode.isTransparent ? 'negotiate' : '',
    varies(({ mimeType }) => mimeType) ? 'accept' : '',
    varies(({ languages }) => languages.join(',')) ? 'accept-language' : '',
    varies(({ charset }) => charset) ? 'accept-charset' : '',
    varies(({ encoding }) => encoding ?? '') ? 'accept-encoding' : '',
  ].filter((name) => name !== '');
  if (names.length > 0) fields.merge('Vary', names.join(','));
  if (mode.isTransparent) fields.set('TCN', isChoice ? 'choice' : 'list');
}

/** One variant as RFC 2295 writes it. */
function alternate(variant: Variant, lengthOf: (variant: Variant) => number): string {
  const { fileName, sourceQuality, mimeType, charset, languages, encoding, sub } = variant;
  let text = `{"${escapePathSegment(fileName)}" ${formatQuality(sourceQuality)}`;
  if (mimeType !== '') text += ` {type ${mimeType}}`;
  if (charset !== '') text += ` {charset ${charset}}`;
  if (languages.length > 0) text += ` {language ${languages.join(', ')}}`;
  if (encoding !== undefined) text += ` {encoding ${encoding}}`;
  const length = lengthOf(variant);
  if (sub?.handler === undefined && length !== 0) text += ` {length ${length}}`;
  return `${text}}`;
}

/** `1`, `0.8`: no zeros at the end. */
function formatQuality(quality: number): string {
  return String(Number(quality.toFixed(3)));
}

/** The list on the pages of 300 and 406. */
export function variantList(variants: readonly Variant[]): string {
  let text = 'Available variants:\n<ul>\n';
  for (const { fileName, description, mimeType, languages, charset, encoding } of variants) {
    text += `<li><a href="${escapePathSegment(fileName)}">${escapeHtml(fileName)}</a> ${description}`;
    if (mimeType !== '') text += `, type ${mimeType}`;
    if (languages.length > 0) text += `, language ${languages.join(', ')}`;
    if (charset !== '') text += `, charset ${charset}`;
    if (encoding !== undefined) text += `, encoding ${encoding}`;
    text += '</li>\n';
  }
  return `${text}</ul>\n`;
}

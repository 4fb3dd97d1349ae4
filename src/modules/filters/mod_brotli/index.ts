/** mod_brotli: brotli for answers (modules/filters/mod_brotli.c): the output filter BROTLI_COMPRESS. Complete. */
import { type AnyRow, RSRC_CONF } from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import type { BodyWriter, OutputFilter } from '../../../core/body.ts';
import { FilterType, OUTPUT_FILTER } from '../../../core/filters.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alterEtag, type CodingConf, filterNote, noteWriter } from '../shared/coding-rows.ts';
import { contentCodings, isPlain, markEtag, setCoding } from '../shared/codings.ts';
import { BrotliWriter } from './brotli-writer.ts';

export interface ServerConf extends CodingConf {
  quality?: number;
  /** Bits. */
  window?: number;
  block?: number;
}
type Row = AnyRow<ServerConf, object>;

const DEFAULT_QUALITY = 5;
const DEFAULT_WINDOW = 18;

const bounded = (
  name: string,
  field: 'quality' | 'window' | 'block',
  least: number,
  most: number,
  usage: string,
): Row => ({
  name,
  shape: 'TAKE1',
  where: RSRC_CONF,
  usage,
  apply: (cmd, text) => {
    const value = atoi(text);
    if (value < least || value > most) return `${name} must be between ${least} and ${most}`;
    cmd.server[field] = value;
    return undefined;
  },
});

const directives: readonly Row[] = [
  {
    name: 'BrotliFilterNote',
    shape: 'TAKE12',
    where: RSRC_CONF,
    usage: 'Set a note to report on compression ratio',
    apply: filterNote((type) => `Unknown BrotliFilterNote type '${type}'`),
  },
  bounded(
    'BrotliCompressionQuality',
    'quality',
    0,
    11,
    'Compression quality between 0 and 11 (higher quality means slower compression)',
  ),
  bounded(
    'BrotliCompressionWindow',
    'window',
    10,
    24,
    'Sliding window size between 10 and 24 (larger windows can improve compression, but require more memory)',
  ),
  bounded(
    'BrotliCompressionMaxInputBlock',
    'block',
    16,
    24,
    'Maximum input block size between 16 and 24 (larger block sizes require more memory)',
  ),
  {
    name: 'BrotliAlterETag',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage:
      "Set how mod_brotli should modify ETag response headers: 'AddSuffix' (default), 'NoChange', 'Remove'",
    apply: alterEtag("BrotliAlterETag accepts only 'AddSuffix', 'NoChange' and 'Remove'"),
  },
];

/** Whether Accept-Encoding names br with a weight that is not written as nothing; the first mention counts, `*` does not. */
export function acceptsBrotli(field: string | undefined): boolean {
  if (field === undefined) return false;
  for (const item of field.split(',')) {
    const [name = '', weight = ''] = item.split(';');
    if (name.trim().toLowerCase() === 'br') return !/^q=0(\.0{1,3})?$/.test(weight.trim());
  }
  return false;
}

/** Says in the head that the body is coded; false when it is not to be. */
function codeHead(r: Request): boolean {
  if (r.main !== undefined || r.status === 204) return false;
  if (r.getEnv('no-brotli') !== undefined || r.headersOut.has('content-range')) return false;
  const codings = contentCodings(r);
  if (!isPlain(codings)) return false;
  // Caches must know that the answer depends on it, even when this client does not take it.
  r.headersOut.merge('Vary', 'Accept-Encoding');
  if (!acceptsBrotli(r.headersIn.getJoined('accept-encoding'))) return false;
  setCoding(r, 'br', codings);
  markEtag(r, 'br', modBrotli.server(r.server).etag ?? 'suffix');
  return true;
}

/** BROTLI_COMPRESS (compress_filter). */
function start(r: Request, next: BodyWriter): BodyWriter | undefined {
  if (!codeHead(r)) return undefined;
  const conf = modBrotli.server(r.server);
  const { quality = DEFAULT_QUALITY, window = DEFAULT_WINDOW, block = 0 } = conf;
  return new BrotliWriter(r, next, { quality, window, block }, noteWriter(r, conf, '0'));
}

const brotliCompress: OutputFilter = {
  type: FilterType.contentSet,
  start,
  passHead: (r) => void codeHead(r),
};

export const modBrotli = defineModule<ServerConf>({
  name: 'brotli_module',
  file: 'mod_brotli.c',
  directives,
  // httpd keeps these to the server they were said for: a virtual host starts with the defaults once it says anything.
  providers: { [OUTPUT_FILTER]: { brotli_compress: brotliCompress } },
});

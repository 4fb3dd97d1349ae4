/**
 * mod_deflate: gzip for answers and out of them, and out of request bodies (modules/filters/mod_deflate.c): the output filters DEFLATE and
 * INFLATE, the input filter DEFLATE.
 */
import { type AnyRow, type ApplyResult, type Command, OR_ALL, RSRC_CONF } from '../../../config/directive.ts';
import { atoi, parseLong, parseWhole } from '../../../config/values.ts';
import type {
  BodyFlow,
  BodyReader,
  BodyWriter,
  InputFilter,
  InputStage,
  OutputFilter,
} from '../../../core/body.ts';
import { coreDir } from '../../../core/core-config.ts';
import { FilterType, OUTPUT_FILTER } from '../../../core/filters.ts';
import { INPUT_FILTER } from '../../../core/input-filters.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { DEFAULT_BODY_LIMIT } from '../../../core/request-body.ts';
import { alterEtag, type CodingConf, filterNote, noteWriter } from '../shared/coding-rows.ts';
import { contentCodings, isPlain, markEtag, setCoding } from '../shared/codings.ts';
import { CompressingWriter, InflatingWriter } from './gzip-writer.ts';
import { InflatingRequest } from './inflate-request.ts';
import { acceptsGzip, takeGzip, takeRequestGzip } from './negotiate.ts';

export interface ServerConf extends CodingConf {
  /** 1-15; httpd's zlib refuses those below 9 when an answer is to be compressed. */
  windowSize?: number;
  memLevel?: number;
  level?: number;
  /** Compressed bytes gathered before they are passed on. */
  bufferSize?: number;
}
export interface DirConf {
  inflateLimit?: number;
  ratioLimit?: number;
  ratioBurst?: number;
}
type Cmd = Command<ServerConf, DirConf>;

const DEFAULT_WINDOW = 15;
const DEFAULT_MEMORY = 9;
const DEFAULT_BUFFER = 8096;
const DEFAULT_RATIO = 200;
const DEFAULT_BURST = 3;
/** Raw deflate with a window of 256 bytes or less cannot be had from zlib. */
const SMALLEST_WINDOW = 9;
/** Bytes of header, trailer, fields and ETag suffix: what is not longer stays as it is. */
const NOT_WORTH_IT = 68;

function bounded(field: 'windowSize' | 'memLevel' | 'level', most: number, complaint: string) {
  return (cmd: Cmd, text: string): ApplyResult => {
    const value = atoi(text);
    if (value < 1 || value > most) return complaint;
    cmd.server[field] = value;
    return undefined;
  };
}

function bufferSize(cmd: Cmd, text: string): ApplyResult {
  const value = atoi(text);
  if (value <= 0) return 'DeflateBufferSize should be positive';
  cmd.server.bufferSize = value;
  return undefined;
}

function inflateLimit(cmd: Cmd, text: string): ApplyResult {
  const limit = parseWhole(text);
  if (limit === undefined && parseLong(text).outOfRange)
    return 'DeflateInflateLimitRequestBody is not parsable.';
  if (limit === undefined || limit < 0)
    return 'DeflateInflateLimitRequestBody requires a non-negative integer.';
  cmd.dir.inflateLimit = limit;
  return undefined;
}

function positive(field: 'ratioLimit' | 'ratioBurst', name: string) {
  return (cmd: Cmd, text: string): ApplyResult => {
    const value = atoi(text);
    if (value <= 0) return `${name} must be positive`;
    cmd.dir[field] = value;
    return undefined;
  };
}

const directives: readonly AnyRow<ServerConf, DirConf>[] = [
  {
    name: 'DeflateFilterNote',
    shape: 'TAKE12',
    where: RSRC_CONF,
    usage: 'Set a note to report on compression ratio',
    apply: filterNote((type) => `Unknown note type ${type}`),
  },
  {
    name: 'DeflateWindowSize',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Set the Deflate window size (1-15)',
    apply: bounded('windowSize', 15, 'DeflateWindowSize must be between 1 and 15'),
  },
  {
    name: 'DeflateBufferSize',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Set the Deflate Buffer Size',
    apply: bufferSize,
  },
  {
    name: 'DeflateMemLevel',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Set the Deflate Memory Level (1-9)',
    apply: bounded('memLevel', 9, 'DeflateMemLevel must be between 1 and 9'),
  },
  {
    name: 'DeflateCompressionLevel',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Set the Deflate Compression Level (1-9)',
    apply: bounded('level', 9, 'Compression Level must be between 1 and 9'),
  },
  {
    name: 'DeflateInflateLimitRequestBody',
    shape: 'TAKE1',
    where: OR_ALL,
    usage: 'Set a limit on size of inflated input',
    apply: inflateLimit,
  },
  {
    name: 'DeflateInflateRatioLimit',
    shape: 'TAKE1',
    where: OR_ALL,
    usage: 'Set the inflate ratio limit above which inflation is aborted (default: 200)',
    apply: positive('ratioLimit', 'DeflateInflateRatioLimit'),
  },
  {
    name: 'DeflateInflateRatioBurst',
    shape: 'TAKE1',
    where: OR_ALL,
    usage: 'Set the maximum number of following inflate ratios above limit (default: 3)',
    apply: positive('ratioBurst', 'DeflateInflateRatioBurst'),
  },
  {
    name: 'DeflateAlterEtag',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage:
      "Set how mod_deflate should modify ETAG response headers: 'AddSuffix' (default), 'NoChange' (2.2.x behavior), 'Remove'",
    apply: alterEtag("DeflateAlterETAG accepts only 'NoChange', 'AddSuffix', and 'Remove'"),
  },
];

/** DEFLATE (deflate_out_filter). */
function startDeflate(r: Request, next: BodyWriter, length: number | undefined): BodyWriter | undefined {
  if (length !== undefined && length <= NOT_WORTH_IT) return undefined;
  if (!mayCompress(r)) return undefined;
  const codings = contentCodings(r);
  if (!isPlain(codings)) return undefined;
  // Caches must know that the answer depends on it, even when this client cannot have it compressed.
  r.headersOut.merge('Vary', 'Accept-Encoding');
  if (r.getEnv('force-gzip') === undefined && !acceptsGzip(r.headersIn.get('accept-encoding')))
    return undefined;
  const conf = modDeflate.server(r.server);
  const windowBits = conf.windowSize ?? DEFAULT_WINDOW;
  if (windowBits < SMALLEST_WINDOW) {
    logRequest(
      r,
      'deflate',
      Level.error,
      'AH01383',
      `unable to init Zlib: deflateInit2 returned -2: URL ${r.uri}`,
    );
    return undefined;
  }
  setCoding(r, 'gzip', codings);
  markEtag(r, 'gzip', conf.etag ?? 'suffix');
  const { level = -1, memLevel = DEFAULT_MEMORY, bufferSize: held = DEFAULT_BUFFER } = conf;
  return new CompressingWriter(r, next, { windowBits, level, memLevel }, held, noteWriter(r, conf, '-'));
}

/** Main requests that are no part of something and that no variable excludes. */
function mayCompress(r: Request): boolean {
  if (r.main !== undefined || r.status === 204 || r.status === 304) return false;
  if (r.getEnv('no-gzip') !== undefined || r.headersOut.has('content-range')) return false;
  return r.getEnv('gzip-only-text/html') !== '1' || r.contentType?.startsWith('text/html') === true;
}

/** INFLATE (inflate_out_filter). */
function startInflate(r: Request, next: BodyWriter, length: number | undefined): BodyWriter | undefined {
  if (length === 0 || r.main !== undefined || r.status === 204 || r.status === 304) return undefined;
  if (r.getEnv('no-gzip') !== undefined || r.headersOut.has('content-range')) return undefined;
  if (!takeGzip(r)) return undefined;
  r.headersOut.delete('content-length');
  r.headersOut.delete('content-md5');
  const conf = modDeflate.server(r.server);
  markEtag(r, 'gunzip', conf.etag ?? 'suffix');
  const { ratio, burst } = ratioLimits(r);
  return new InflatingWriter(r, next, { ratio, burst, bufferSize: conf.bufferSize ?? DEFAULT_BUFFER });
}

function ratioLimits(r: Request): { ratio: number; burst: number } {
  const { ratioLimit = DEFAULT_RATIO, ratioBurst = DEFAULT_BURST } = modDeflate.dir(r);
  return { ratio: ratioLimit, burst: ratioBurst };
}

/** DEFLATE for request bodies (deflate_in_filter): those that are gzip by their Content-Encoding. */
function startRequestInflate(r: Request, next: BodyReader, source: BodyFlow): InputStage | undefined {
  if (r.main !== undefined || r.prev !== undefined || r.headersIn.has('content-range')) return undefined;
  if (!takeRequestGzip(r)) return undefined;
  const size = modDeflate.dir(r).inflateLimit ?? 0;
  return new InflatingRequest(r, next, source, {
    size: size > 0 ? size : (coreDir(r).limitRequestBody ?? DEFAULT_BODY_LIMIT),
    bufferSize: modDeflate.server(r.server).bufferSize ?? DEFAULT_BUFFER,
    ...ratioLimits(r),
  });
}

const deflate: OutputFilter = { type: FilterType.contentSet, start: startDeflate };
const inflateRequest: InputFilter = { type: FilterType.contentSet, start: startRequestInflate };
const inflate: OutputFilter = { type: FilterType.resource - 1, start: startInflate };

export const modDeflate = defineModule<ServerConf, DirConf>({
  name: 'deflate_module',
  file: 'mod_deflate.c',
  directives,
  // httpd keeps these to the server they were said for: a virtual host starts with the defaults once it says anything.
  mergeDir: (base, add) => ({ ...base, ...add }),
  providers: { [OUTPUT_FILTER]: { deflate, inflate }, [INPUT_FILTER]: { deflate: inflateRequest } },
});

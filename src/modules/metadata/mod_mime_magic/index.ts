/**
 * mod_mime_magic: content types of files whose name tells none, by what is in them (modules/metadata/mod_mime_magic.c). Complete. The magic file
 * is read as httpd's own, older reader reads it, not as file(1) does.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { type AnyRow, RSRC_CONF } from '../../../config/directive.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { DIRECTORY_TYPE, errorText, failureOf, fsPath } from '../../../core/files.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { lookupFile } from '../../../core/subrequest.ts';
import type { Span } from '../../../diagnostics/source.ts';
import { type MagicRule, readMagic } from './magic-file.ts';
import { describeContent } from './match.ts';
import { readResult } from './result.ts';
import { compressionOf } from './uncompress.ts';
import { describeText } from './words.ts';

export interface MimeMagicServerConf {
  magicFile?: string;
  /** Where it is named. */
  place?: Span;
  /** Read when the configuration is complete. */
  rules?: readonly MagicRule[];
}

const directives: readonly AnyRow<MimeMagicServerConf, object>[] = [
  {
    name: 'MimeMagicFile',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Path to MIME Magic file (in file(1) format)',
    apply: (cmd, path) => {
      cmd.server.magicFile = path;
      cmd.server.place = cmd.node.span;
      return undefined;
    },
  },
];

/** magic_init(): each server has its rules; a file named more than once is read once. */
function loadMagic(configuration: Configuration): void {
  const read = new Map<string, readonly MagicRule[] | undefined>();
  for (const server of [configuration.main, ...configuration.virtualServers]) {
    const conf = modMimeMagic.server(server);
    const { magicFile } = conf;
    if (magicFile === undefined) continue;
    const path = magicFile.startsWith('/') ? magicFile : `${configuration.serverRoot}/${magicFile}`;
    if (!read.has(path)) read.set(path, readMagicFile(configuration, path, conf.place));
    const rules = read.get(path);
    // httpd reads no further one behind a file that it cannot read.
    if (rules === undefined) return;
    server.slots[modMimeMagic.index] = { ...conf, rules };
  }
}

function readMagicFile(
  configuration: Configuration,
  path: string,
  place: Span | undefined,
): readonly MagicRule[] | undefined {
  const complain = (code: string, message: string, span: Span | undefined): void =>
    configuration.problems.add({ code, severity: 'warning', message: `mod_mime_magic: ${message}`, span });
  let content: string;
  try {
    content = readFileSync(fsPath(path), 'latin1');
  } catch (error) {
    const reason = errorText(failureOf(error));
    const why = reason === undefined ? '' : `: ${reason}`;
    complain('AH01515', `can't read magic file ${path}${why}`, place);
    return undefined;
  }
  const { rules, problems } = readMagic(content);
  const source = { name: path, text: content, includedFrom: place };
  for (const { code, message, at } of problems) {
    const newline = content.indexOf('\n', at);
    complain(code, message, { source, start: at, end: newline < 0 ? content.length : newline });
  }
  return rules;
}

/** As much of a file as is looked at (HOWMANY). */
const LOOKED_AT = 4096;

/** `file.ext@123`: a revision is what the file without the number is. */
const REVISION = /^(.*)@[0-9]+$/s;

function checkMagic(r: Request): Answer {
  if (r.contentType !== undefined || r.finfo === undefined || r.filename === undefined) return DECLINED;
  const { rules } = modMimeMagic.server(r.server);
  if (rules === undefined) return DECLINED;
  const name = REVISION.exec(r.filename)?.[1];
  if (name === undefined) return lookInside(r, rules);
  const sub = lookupFile(r, name);
  return sub instanceof Promise
    ? sub.then((found) => takeRevision(r, found, rules))
    : takeRevision(r, sub, rules);
}

function takeRevision(r: Request, sub: Request, rules: readonly MagicRule[]): Answer {
  if (sub.contentType === undefined) return lookInside(r, rules);
  r.contentType = sub.contentType;
  if (sub.contentEncoding !== undefined) r.contentEncoding = sub.contentEncoding;
  if (sub.contentLanguages !== undefined) r.contentLanguages = [...sub.contentLanguages];
  return DECLINED;
}

/** magic_process() */
function lookInside(r: Request, rules: readonly MagicRule[]): Answer {
  const finfo = r.finfo;
  if (finfo?.isDirectory() === true) return settle(r, DIRECTORY_TYPE);
  if (finfo?.isFile() !== true) return settle(r, 'application/octet-stream');
  const start = readStart(r);
  if (start === undefined) return DECLINED;
  if (start.length === 0) return settle(r, 'text/plain');
  const compression = compressionOf(start);
  if (compression === undefined) return settle(r, describe(rules, start));
  const settleInner = (content: Buffer): number => {
    if (content.length === 0) return DECLINED;
    r.contentEncoding = compression.encoding;
    // Measured: a NUL takes the place of the last byte.
    return settle(r, describe(rules, content.subarray(0, -1)) ?? describe(rules, start));
  };
  return compression.start(r.filename ?? '', LOOKED_AT).then(settleInner);
}

/** The first bytes of the file; undefined when it cannot be read, which is for the handler to say. */
function readStart(r: Request): Buffer | undefined {
  const filename = r.filename ?? '';
  let file: number | undefined;
  try {
    file = openSync(fsPath(filename), 'r');
    const buffer = Buffer.allocUnsafe(LOOKED_AT);
    return buffer.subarray(0, readSync(file, buffer, 0, LOOKED_AT, 0));
  } catch (error) {
    const reason = errorText(failureOf(error));
    logRequest(r, 'mime_magic', Level.error, 'AH01512', `mod_mime_magic: can't read \`${filename}'`, reason);
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** tryit(): the magic file first, then words. Each test sees a NUL behind the bytes. */
function describe(rules: readonly MagicRule[], bytes: Buffer): string | undefined {
  const terminated = Buffer.alloc(bytes.length + 1);
  bytes.copy(terminated);
  return describeContent(rules, terminated) ?? describeText(terminated);
}

function settle(r: Request, printed: string | undefined): number {
  if (printed === undefined) return DECLINED;
  const magic = readResult(printed);
  if (magic === undefined) return DECLINED;
  r.contentType = magic.type;
  if (magic.encoding !== undefined) r.contentEncoding = magic.encoding;
  return OK;
}

export const modMimeMagic = defineModule<MimeMagicServerConf>({
  name: 'mime_magic_module',
  file: 'mod_mime_magic.c',
  directives,
  mergeServer: (base, add) => ({ ...base, ...add }),
  hooks: { typeChecker: { run: alikeForFiles(checkMagic), after: ['mod_mime.c'] } },
  postConfig: loadMagic,
});

/**
 * mod_mime: content type, encoding, language, charset, handler and filters by file name extension (modules/http/mod_mime.c). Complete. Where
 * neither TypesConfig's file nor the system's mime.types can be read, the types are those of the package mime-types.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  NOT_IN_LOCATION,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../../config/directive.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { extensionsStart } from '../../../core/file-extensions.ts';
import { DIRECTORY_TYPE } from '../../../core/files.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { LruCache } from '../../../lib/lru.ts';
import {
  type Attribute,
  MATCH_ANY,
  MATCH_FILTERS,
  MATCH_HANDLERS,
  MATCH_NEGOTIATED,
  type MimeDirConf,
  type MimeServerConf,
  mergeDir,
  type Removal,
  type TypeTable,
} from './conf.ts';
import { withCharset } from './content-type.ts';
import { describe, type Metadata } from './metadata.ts';
import { loadTypes } from './types.ts';

/** Content type of a directory (DIR_MAGIC_TYPE). */
const NO_TYPES: TypeTable = new Map<string, string>();

type Cmd = Command<MimeServerConf, MimeDirConf>;

/** AddType and its kin (add_extension_info): values are kept in lower case. */
function add(attribute: Attribute) {
  return (cmd: Cmd, value: string, extension: string): ApplyResult => {
    setAttribute(cmd, extension, attribute, asciiLower(value));
    return undefined;
  };
}

function setAttribute(cmd: Cmd, extension: string, attribute: Attribute, value: string): void {
  const key = extensionKey(extension);
  const extensions = new Map(cmd.dir.extensions);
  extensions.set(key, { ...extensions.get(key), [attribute]: value });
  cmd.dir.extensions = extensions;
}

/**
 * RemoveCharset and its kin (remove_extension_info): they count when the section is merged, against the section's own additions too, wherever
 * it makes them. Measured: RemoveType is none of them. It counts at once, a later AddType in the same place undoes it.
 */
function remove(attribute: Removal['attribute']) {
  return (cmd: Cmd, extension: string): ApplyResult => {
    cmd.dir.removals = [...(cmd.dir.removals ?? []), { extension: extensionKey(extension), attribute }];
    if (cmd.path !== undefined || cmd.isVirtualHost) cmd.dir.isNested = true;
    return undefined;
  };
}

function extensionKey(extension: string): string {
  return asciiLower(extension.startsWith('.') ? extension.slice(1) : extension);
}

/** MultiviewsMatch (multiviews_match). */
function multiviewsMatch(cmd: Cmd, word: string): ApplyResult {
  const match = cmd.dir.multiviewsMatch ?? 0;
  switch (word.toLowerCase()) {
    case 'any':
      if ((match & ~MATCH_ANY) !== 0) return 'Any is incompatible with NegotiatedOnly, Filters and Handlers';
      cmd.dir.multiviewsMatch = match | MATCH_ANY;
      return undefined;
    case 'negotiatedonly':
      if ((match & ~MATCH_NEGOTIATED) !== 0)
        return 'NegotiatedOnly is incompatible with Any, Filters and Handlers';
      cmd.dir.multiviewsMatch = match | MATCH_NEGOTIATED;
      return undefined;
    case 'filters':
      if ((match & (MATCH_ANY | MATCH_NEGOTIATED)) !== 0)
        return 'Filters is incompatible with Any and NegotiatedOnly';
      cmd.dir.multiviewsMatch = match | MATCH_FILTERS;
      return undefined;
    case 'handlers':
      if ((match & (MATCH_ANY | MATCH_NEGOTIATED)) !== 0)
        return 'Handlers is incompatible with Any and NegotiatedOnly';
      cmd.dir.multiviewsMatch = match | MATCH_HANDLERS;
      return undefined;
    default:
      return `Unrecognized option '${word}'`;
  }
}

type Row = AnyRow<MimeServerConf, MimeDirConf>;

function addRow(name: string, attribute: Attribute, usage: string): Row {
  return { name, shape: 'ITERATE2', where: OR_FILEINFO, usage, apply: add(attribute) };
}
function removeRow(name: string, attribute: Removal['attribute']): Row {
  return {
    name,
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'one or more file extensions',
    apply: remove(attribute),
  };
}
const FOLLOWED = 'followed by one or more file extensions';

const directives: readonly Row[] = [
  addRow('AddCharset', 'charset', `a charset (e.g., iso-2022-jp), ${FOLLOWED}`),
  addRow('AddEncoding', 'encoding', `an encoding (e.g., gzip), ${FOLLOWED}`),
  addRow('AddHandler', 'handler', `a handler name ${FOLLOWED}`),
  addRow('AddInputFilter', 'inputFilters', `input filter name (or ; delimited names) ${FOLLOWED}`),
  addRow('AddLanguage', 'language', `a language (e.g., fr), ${FOLLOWED}`),
  addRow('AddOutputFilter', 'outputFilters', `output filter name (or ; delimited names) ${FOLLOWED}`),
  addRow('AddType', 'type', `a mime type ${FOLLOWED}`),
  {
    name: 'DefaultLanguage',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: 'language to use for documents with no other language file extension',
    apply: (cmd, language) => void (cmd.dir.defaultLanguage = language),
  },
  {
    name: 'MultiviewsMatch',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    forbidden: NOT_IN_LOCATION,
    usage: 'NegotiatedOnly (default), Handlers and/or Filters, or Any',
    apply: multiviewsMatch,
  },
  removeRow('RemoveCharset', 'charset'),
  removeRow('RemoveEncoding', 'encoding'),
  removeRow('RemoveHandler', 'handler'),
  removeRow('RemoveInputFilter', 'inputFilters'),
  removeRow('RemoveLanguage', 'language'),
  removeRow('RemoveOutputFilter', 'outputFilters'),
  {
    name: 'RemoveType',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'one or more file extensions',
    apply: (cmd, extension) => void setAttribute(cmd, extension, 'type', ''),
  },
  {
    name: 'TypesConfig',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'the MIME types config file',
    apply: (cmd, path) => {
      cmd.server.typesConfig = path;
      cmd.server.typesConfigSpan = cmd.node.span;
      return undefined;
    },
  },
  {
    name: 'ModMimeUsePathInfo',
    shape: 'FLAG',
    where: ACCESS_CONF,
    usage: "Set to 'yes' to allow mod_mime to use path info for type checking",
    apply: (cmd, on) => void (cmd.dir.usePathInfo = on),
  },
];

/** The types are those of the main server, whatever a virtual host names (mime_post_config). */
function loadTypeTable(configuration: Configuration): void {
  const { main } = configuration;
  const conf = modMime.server(main);
  const types = loadTypes(conf.typesConfig, configuration.serverRoot, (path) => {
    const message = `could not open mime types config file ${path}.`;
    const hint = 'the types of the system, or built-in ones, are used instead';
    const span = conf.typesConfigSpan;
    configuration.problems.add({ code: 'AH01597', severity: 'warning', message, span, hint });
  });
  main.slots[modMime.index] = { ...conf, types };
}

/** What was made out by configuration and extensions. Extensions come from requests: those used last are kept. */
const known = new WeakMap<Readonly<MimeDirConf>, LruCache<string, Metadata>>();
const KNOWN_LIMIT = 512;
const KNOWN_LENGTH_LIMIT = 32;
/** The types that `known` was made with: another configuration has others. */
let knownTypes: TypeTable | undefined;
const knownEmpty: Readonly<MimeDirConf> = {};

function metadataOf(r: Request, conf: Readonly<MimeDirConf>, extensions: string): Metadata {
  const types = modMime.server(r.configuration.main).types ?? NO_TYPES;
  // All requests that no directive of this module concerns share one configuration object, which outlives a reload.
  const key = r.perDir.slots[modMime.index] === undefined ? knownEmpty : conf;
  if (types !== knownTypes) {
    known.delete(knownEmpty);
    knownTypes = types;
  }
  let byExtensions = known.get(key);
  if (byExtensions === undefined) {
    byExtensions = new LruCache(KNOWN_LIMIT);
    known.set(key, byExtensions);
  }
  let metadata = byExtensions.get(extensions);
  if (metadata === undefined) {
    metadata = resolveType(r, describe(extensions, conf, types));
    if (extensions.length <= KNOWN_LENGTH_LIMIT) byExtensions.set(extensions, metadata);
  }
  return metadata;
}

/** Type and charset as one. */
function resolveType(r: Request, metadata: Metadata): Metadata {
  const { type, charset } = metadata;
  return type === undefined ? metadata : { ...metadata, type: completeType(r, type, charset) };
}

function completeType(r: Request, type: string, charset: string | undefined): string {
  const complete = withCharset(type, charset);
  if (complete === undefined)
    logRequest(r, 'mime', Level.warn, 'AH01599', `Cannot get media type from '${type}'`);
  return complete ?? type;
}

/** The name whose extensions count: with PATH_INFO where ModMimeUsePathInfo says so, without a query that nocanon left in it. */
function resourceName(r: Request, filename: string, conf: Readonly<MimeDirConf>): string {
  if (conf.usePathInfo === true) return filename + r.pathInfo;
  if (r.proxyRequest === 'reverse' && r.getNote('proxy-nocanon') !== undefined) {
    const mark = filename.indexOf('?');
    if (mark >= 0) return filename.slice(0, mark);
  }
  return filename;
}

/** Metadata by the request's file name (find_ct). */
function findType(r: Request): number {
  if (r.finfo?.isDirectory() === true) {
    r.contentType = DIRECTORY_TYPE;
    return OK;
  }
  const { filename } = r;
  if (filename === undefined) return DECLINED;
  const conf = modMime.dir(r);
  const name = resourceName(r, filename, conf);
  const start = extensionsStart(name);
  if (start < name.length) applyMetadata(r, metadataOf(r, conf, name.slice(start)));
  if (r.contentLanguages === undefined && conf.defaultLanguage !== undefined)
    r.contentLanguages = [conf.defaultLanguage];
  return r.contentType === undefined ? DECLINED : OK;
}

function applyMetadata(r: Request, metadata: Metadata): void {
  const { type, encoding, languages, handler, charset } = metadata;
  r.unknownExtensions = metadata.exceptions;
  if (type !== undefined) {
    r.contentType = type;
    r.isTypeInherited = false;
  } else if (charset !== undefined && r.contentType !== undefined)
    r.contentType = completeType(r, r.contentType, charset);
  if (encoding !== undefined) {
    r.contentEncoding = r.contentEncoding === undefined ? encoding : `${r.contentEncoding}, ${encoding}`;
  }
  if (languages !== undefined) {
    r.contentLanguages = r.contentLanguages === undefined ? languages : [...r.contentLanguages, ...languages];
  }
  if (handler !== undefined && r.proxyRequest === 'none') r.handler = handler;
  if (metadata.outputFilters !== undefined)
    r.wantedOutputFilters = joined(r.wantedOutputFilters, metadata.outputFilters);
  if (metadata.inputFilters !== undefined)
    r.wantedInputFilters = joined(r.wantedInputFilters, metadata.inputFilters);
}

function joined(first: readonly string[] | undefined, second: readonly string[]): readonly string[] {
  return first === undefined ? second : [...first, ...second];
}

export const modMime = defineModule<MimeServerConf, MimeDirConf>({
  name: 'mime_module',
  file: 'mod_mime.c',
  directives,
  mergeServer: (base, add) => ({ ...base, ...add }),
  mergeDir,
  hooks: { typeChecker: alikeForFiles(findType) },
  always: true,
  postConfig: loadTypeTable,
});

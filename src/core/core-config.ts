/**
 * The core's own configuration (core_server_config and core_dir_config of httpd's include/http_core.h). The directives that fill it stand in
 * modules/core/; the walks, the lifecycle and the error path read it here. The core is always module 0.
 */

import type { ServerConfigs } from '../config/apply.ts';
import type { PerDirConfig } from '../config/per-dir.ts';
import type { BooleanExpr, StringExpr } from '../expr/index.ts';
import { REGISTERED_METHODS } from '../http/request-head.ts';
import type { Pcre } from '../lib/pcre/index.ts';
import type { ErrorLogFormat } from './error-log-format.ts';
import type { VirtualServer } from './virtual-server.ts';

export const CORE_INDEX = 0;

/** Options, httpd's bits (include/http_core.h). */
export const OPT_NONE = 0;
export const OPT_INDEXES = 1;
export const OPT_INCLUDES = 2;
export const OPT_SYM_LINKS = 4;
export const OPT_EXECCGI = 8;
export const OPT_INC_WITH_EXEC = 32;
export const OPT_SYM_OWNER = 64;
export const OPT_MULTI = 128;
export const OPT_ALL = OPT_INDEXES | OPT_INCLUDES | OPT_INC_WITH_EXEC | OPT_SYM_LINKS | OPT_EXECCGI;
/** What holds where no Options directive does (2.4's default). */
export const OPT_DEFAULT = OPT_SYM_LINKS;

/** A `<Directory>`, `<Location>`, `<Files>`, `<If>` section, compiled. */
export interface Section {
  /** The path, URL or pattern as written (absolute, with its slash for directories). */
  readonly pattern: string;
  /** `<DirectoryMatch>`, `<Directory ~>` and the like; its named groups become MATCH_* variables. */
  readonly regex: Pcre | undefined;
  /** Shell wildcards in the pattern. */
  readonly isWildcard: boolean;
  /** Whether a path (directory with its slash, URL path, base name) falls in the section. */
  readonly matches: (path: string) => boolean;
  /** `<If>`, `<ElseIf>`. */
  readonly condition?: BooleanExpr | undefined;
  /** `<Else>`, `<ElseIf>`: looked at only when the sections of the same chain before it did not hold. */
  readonly isAlternative?: boolean;
  /** `<Directory>`: number of path components; sections are applied shortest first. */
  readonly components: number;
  readonly perDir: PerDirConfig;
}

export interface ErrorDocument {
  readonly kind: 'text' | 'local' | 'remote';
  /** The value, for the kinds whose text holds no `%{...}`. */
  readonly value: string;
  /** Compiled when the value holds `%{...}`; its kind is then known only at run time. */
  readonly expression?: StringExpr | undefined;
}

export interface CoreServerConf {
  documentRoot?: string;
  /** Protocol: `https` asks for TLS where SSLEngine says nothing. */
  protocol?: string;
  accessFileNames?: readonly string[];
  /** `<Directory>` sections, as written; sorted when the configuration is complete. */
  directorySections?: Section[];
  locationSections?: Section[];
  serverName?: { readonly scheme: string | undefined; readonly host: string; readonly port: number };
  aliases?: string[];
  wildAliases?: string[];
  legacyPath?: string;
  serverAdmin?: string;
  serverTokens?: string;
  /** Seconds. */
  timeout?: number;
  keepAlive?: boolean;
  /** Milliseconds. */
  keepAliveTimeout?: number;
  maxKeepAliveRequests?: number;
  limitRequestLine?: number;
  limitRequestFields?: number;
  limitRequestFieldSize?: number;
  maxRedirects?: number;
  maxSubrequests?: number;
  mergeSlashes?: boolean;
  traceEnable?: 'on' | 'off' | 'extended';
  strictHttp?: boolean;
  lenientMethods?: boolean;
  allowHttp09?: boolean;
  strictHostCheck?: boolean;
  errorLog?: string;
  logLevel?: LogLevels;
  errorLogFormat?: ErrorLogFormats;
  pidFile?: string;
  listen?: {
    readonly text: string;
    readonly host: string | undefined;
    readonly port: number;
    readonly protocol: string | undefined;
  }[];
  /** Seconds a graceful stop waits for the last answers; 0: for ever. */
  gracefulShutdownTimeout?: number;
  /** Listen queue. */
  listenBacklog?: number;
  user?: string;
  group?: string;
  runtimeDir?: string;
  mergeTrailers?: boolean;
  /** ExtendedStatus; unset: as mod_status has it. */
  extendedStatus?: boolean;
  seeRequestTail?: boolean;
  registeredMethods?: readonly string[];
  /** `<VirtualHost>` sections in the order of the text. */
  virtualServers?: VirtualServer[];
}

/** ErrorLogFormat, compiled; formats for connections and requests add up. */
export interface ErrorLogFormats {
  readonly main?: ErrorLogFormat;
  readonly request?: readonly ErrorLogFormat[];
  readonly connection?: readonly ErrorLogFormat[];
}

/** LogLevel: the level of every module, and of single ones by name without `_module`. Levels as syslog's, trace1 is 8. */
export interface LogLevels {
  readonly level?: number | undefined;
  readonly modules: ReadonlyMap<string, number>;
}

/** `default` takes back what an outer section says. */
export type RangeLimit = number | 'none' | 'unlimited' | 'default';

export interface CoreDirConf {
  /** Options without signs; the bits of `optionsAdd`/`optionsRemove` otherwise. */
  options?: number;
  optionsAdd?: number;
  optionsRemove?: number;
  /** AllowOverride's classes. */
  override?: number;
  overrideOptions?: number;
  overrideNonfatal?: number;
  /** Nonfatal=Unknown: unknown directives are skipped too. */
  overrideUnknownNonfatal?: boolean;
  overrideList?: ReadonlySet<string>;
  /** `<Files>` sections in it, `<If>` sections in it. */
  fileSections?: Section[];
  ifSections?: Section[];
  handler?: string;
  handlerExpr?: StringExpr;
  forceType?: string;
  acceptPathInfo?: 'on' | 'off' | 'default';
  errorDocuments?: ReadonlyMap<number, ErrorDocument | 'default'>;
  etagBits?: number;
  etagAdd?: number;
  etagRemove?: number;
  contentDigest?: boolean;
  serverSignature?: 'on' | 'off' | 'email';
  hostnameLookups?: 'on' | 'off' | 'double';
  useCanonicalName?: 'on' | 'off' | 'dns';
  useCanonicalPhysicalPort?: boolean;
  allowEncodedSlashes?: 'on' | 'off' | 'nodecode';
  /** Charset of AddDefaultCharset; undefined: not said; null: Off. */
  addDefaultCharset?: string | null;
  /** LimitRequestBody, bytes; 0: no limit. Undefined: httpd's 1 GiB. */
  limitRequestBody?: number;
  cgiPassAuth?: boolean;
  cgiVarRules?: ReadonlyMap<string, string>;
  logLevel?: LogLevels;
  maxRanges?: RangeLimit;
  maxRangeOverlaps?: RangeLimit;
  maxRangeReversals?: RangeLimit;
  qualifyRedirectUrl?: boolean;
  outputFilters?: readonly string[];
  inputFilters?: readonly string[];
}

const EMPTY_SERVER: Readonly<CoreServerConf> = Object.freeze({});
const EMPTY_DIR: Readonly<CoreDirConf> = Object.freeze({});

export function coreServer(server: Pick<ServerConfigs, 'slots'>): Readonly<CoreServerConf> {
  return (server.slots[CORE_INDEX] as CoreServerConf | undefined) ?? EMPTY_SERVER;
}

const DEFAULT_TIMEOUT = 60;

/** How long a server waits for each step of progress (Timeout; milliseconds). */
export function serverTimeout(server: Pick<ServerConfigs, 'slots'>): number {
  return (coreServer(server).timeout ?? DEFAULT_TIMEOUT) * 1000;
}

export function coreDir(r: { readonly perDir: PerDirConfig }): Readonly<CoreDirConf> {
  return coreDirOf(r.perDir);
}

export function coreDirOf(perDir: PerDirConfig): Readonly<CoreDirConf> {
  return (perDir.slots[CORE_INDEX] as CoreDirConf | undefined) ?? EMPTY_DIR;
}

/** The core's configuration of the server a directive of another module is read for, to write to. */
export function coreServerOf(cmd: { readonly serverConfigs: ServerConfigs }): CoreServerConf {
  const { slots } = cmd.serverConfigs;
  slots[CORE_INDEX] ??= {};
  return slots[CORE_INDEX] as CoreServerConf;
}

/** Whether a method is known: httpd's own, and those of RegisterHttpMethod (ap_method_number_of). */
export function isRegisteredMethod(server: Pick<ServerConfigs, 'slots'>, method: string): boolean {
  return REGISTERED_METHODS.has(method) || coreServer(server).registeredMethods?.includes(method) === true;
}

/** Options in force (ap_allow_options). */
export function allowedOptions(conf: Readonly<CoreDirConf>): number {
  if (conf.options === undefined) {
    return (OPT_DEFAULT & ~(conf.optionsRemove ?? 0)) | (conf.optionsAdd ?? 0);
  }
  return conf.options;
}

/**
 * The request record (request_rec of httpd's include/httpd.h). Every string is a byte string. Plain data: what happens to it stands in
 * lifecycle.ts, response.ts and the modules.
 */
import type { Stats } from 'node:fs';
import type { PerDirConfig } from '../config/per-dir.ts';
import { HeaderFields } from '../http/header-fields.ts';
import type { BodyWriter, InputFilter, OutputFilter, RequestBody } from './body.ts';
import type { Configuration } from './configuration.ts';
import type { Connection } from './connection.ts';
import type { RawConnection } from './raw-connection.ts';
import { Table } from './table.ts';
import type { VirtualServer } from './virtual-server.ts';

/** The wire side of a request: a client's connection, or the request that a sub-request is part of. */
export interface Transport {
  readonly body: RequestBody;
  /** Bytes on the wire for the request being answered: its head and body as received, interim and final answer as sent (mod_logio). */
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  /** Sends the head and a whole body (already cut to nothing for HEAD) in one write. */
  sendWhole(r: Request, body: Buffer | undefined): void;
  /** Sends the head; the body follows. `length` undefined: chunked, or until the connection closes. */
  begin(r: Request, length: number | undefined): BodyWriter;
  /** Called once, when writers may go on after a false. Replaces an earlier one. */
  onDrain(callback: () => void): void;
  /** Called once, when the client has gone before the answer was whole. Replaces an earlier one. */
  onAbort(callback: () => void): void;
  /** What onAbort() was given last: for who takes its place for a while. */
  readonly abortCallback?: (() => void) | undefined;
  /** An interim answer (1xx), if the protocol knows them. `line` replaces number and reason. */
  sendInterim(status: number, fields: HeaderFields, line?: string): void;
  /**
   * Hands the client's connection over for another protocol; raw-connection.ts says how it is used. The request counts as answered by it, with
   * no answer of the server's own. Undefined when there is none to hand over, it is lost, an answer has begun, or the request's body is being
   * read still.
   */
  takeConnection?(r: Request): RawConnection | undefined;
}

/** How a proxied request is meant (r->proxyreq). */
export type ProxyRequest = 'none' | 'forward' | 'reverse' | 'response';

export class Request {
  readonly configuration: Configuration;
  readonly connection: Connection;
  /** Replaced by filters that slow the answer themselves (core/filters.ts). */
  transport: Transport;
  /** Chosen by address, then by Host. */
  server: VirtualServer;
  perDir: PerDirConfig;

  /** Milliseconds since 1970 (fractional) at which the request was read. */
  readonly requestTime: number;
  /** First line as received (`%r`). */
  requestLine = '';
  method = 'GET';
  /** As logged: `HTTP/1.1`. */
  protocol = 'HTTP/1.1';
  /** 1000 * major + minor: 1001 for HTTP/1.1, 9 for HTTP/0.9. */
  protocolNumber = 1001;
  /** Host, lower case, without port; undefined when the client named none. */
  hostname: string | undefined;
  /** Port in the Host field or the absolute URI; undefined when there is none. */
  hostPort: number | undefined;
  /** Request target as received. */
  unparsedUri = '/';
  /** Path: decoded, dot segments and (unless MergeSlashes Off) double slashes removed. */
  uri = '/';
  /** Path as parsed, before decoding: what reverse proxies map. */
  rawPath = '/';
  /** A pre-translate hook mapped the path as it was sent: it is not decoded any more. */
  isPathTranslated = false;
  /** Behind the `?`, undecoded; undefined without one. */
  args: string | undefined;
  /** Scheme and authority of an absolute-form target. */
  absoluteScheme: string | undefined;
  absoluteAuthority: string | undefined;
  absoluteUserInfo: string | undefined;
  absolutePort: string | undefined;

  headersIn: HeaderFields;
  readonly headersOut = new HeaderFields();
  /** Sent with errors and across internal redirects too. */
  errHeadersOut = new HeaderFields();
  /** Trailers of a chunked request, when all of it was read. */
  trailersIn: HeaderFields | undefined;
  /** Trailers of a backend's chunked answer; they are logged, and not passed on. */
  trailersOut: HeaderFields | undefined;

  status = 200;
  /** `404 Nothing Here`: replaces number and reason on the wire. */
  statusLine: string | undefined;
  contentType: string | undefined;
  /** The type is that of the request before: it names no handler (AP_REQUEST_TRUSTED_CT). */
  isTypeInherited = false;
  /** Joined by ", ". */
  contentEncoding: string | undefined;
  contentLanguages: readonly string[] | undefined;
  /**
   * Extensions of the file name that say nothing of the file, as written; undefined when none of them says anything. Found with the content
   * type, for whoever chooses among files by their extensions (httpd's note ap-mime-exceptions-list, without the base name).
   */
  unknownExtensions: readonly string[] | undefined;
  handler: string | undefined;
  /** The handler was set by the configuration, not found by file type. */
  handlerIsForced = false;

  filename: string | undefined;
  canonicalFilename: string | undefined;
  pathInfo = '';
  /** URL prefix and directory of the Alias that mapped the request (ap_set_context_info). */
  contextPrefix: string | undefined;
  contextDocumentRoot: string | undefined;
  /** Of this request alone, where its name or address decides (ap_set_document_root); undefined: the server's. */
  documentRoot: string | undefined;
  /** undefined: nothing is there (APR_NOFILE). */
  finfo: Stats | undefined;
  /** What the handler does with PATH_INFO when AcceptPathInfo says Default. */
  usedPathInfo: 'accept' | 'reject' | 'default' = 'default';

  /**
   * The client's address: the connection's, or that of the user behind the proxies that are trusted (r->useragent_ip).
   */
  clientAddr: string;
  /** Port at that address; 0: not known. */
  clientPort: number;
  /** The client's name, where HostnameLookups asks for it and it has one. */
  remoteHost: string | undefined;
  /** This server's name by DNS, where UseCanonicalName asks for it and there is one. */
  localHost: string | undefined;
  user: string | undefined;
  authType: string | undefined;

  /** Number of the client's request for what is asked once for it and all made from it; 0: nothing was yet. */
  walk = 0;
  /** Common to all error log lines about the request; set with the first of them. */
  logId: string | undefined;

  proxyRequest: ProxyRequest = 'none';
  /** No cache may keep the answer, no conditional request be answered from it. */
  noCache = false;
  noLocalCopy = false;
  /** HEAD, or an answer without a body. */
  headerOnly = false;
  isMtimeSet = false;
  /** Latest modification, milliseconds since 1970 (fractional); 0: not known. */
  mtime = 0;
  /** Validator of the list of variants that a file was chosen from: part of its ETag. */
  variantListEtag: string | undefined;
  /** Body of an error made by the server: not what the resource holds. */
  isErrorPage = false;

  /** A body is on its way to the client, though filters may hold it and the head back. */
  isBodyBegun = false;
  /** The head has been handed to the transport. */
  isHeadSent = false;
  /** Body bytes handed to the transport, after filters, before chunking (`%B`). */
  bytesSent = 0;
  /** Connection ends after this answer, whatever the client asked. */
  closeConnection = false;
  /** Without saying so: httpd's answer to an expectation it does not know. */
  closesSilently = false;
  /** The request body failed while it was read: the answer's length is not known (an error bucket passed the filters). */
  isBodyBroken = false;
  /** `Connection: keep-alive` holds after this answer. Set when the head is made. */
  isKeepAlive = false;
  outputFilters: OutputFilter[] | undefined;
  /** To be put before the request body at the end of insert-filter, in the order httpd has them: the last one sees it first. */
  inputFilters: InputFilter[] | undefined;
  /** Filters that the file's extensions ask for by name (AddOutputFilter, AddInputFilter): whoever has them puts them in place. */
  wantedOutputFilters: readonly string[] | undefined;
  wantedInputFilters: readonly string[] | undefined;
  /** Run once, in order, just before the head is made: the last chance to change it. For error pages `isErrorPage` is true. */
  beforeHead: ((r: Request) => void)[] | undefined;

  /** The request that redirected to this one internally. */
  prev: Request | undefined;
  /** The request this one redirected to. */
  next: Request | undefined;
  /** The request this one is a sub-request of. */
  main: Request | undefined;

  #allowed: Set<string> | undefined;
  #env: Table | undefined;
  #notes: Table | undefined;
  #moduleState: unknown[] | undefined;

  constructor(
    configuration: Configuration,
    connection: Connection,
    transport: Transport,
    server: VirtualServer,
    headersIn: HeaderFields,
    requestTime: number,
  ) {
    this.configuration = configuration;
    this.connection = connection;
    this.transport = transport;
    this.server = server;
    this.perDir = server.lookupDefaults;
    this.headersIn = headersIn;
    this.clientAddr = connection.remoteAddr;
    this.clientPort = connection.remotePort;
    this.requestTime = requestTime;
  }

  /** Methods an `Allow` field would name. */
  get allowed(): Set<string> {
    this.#allowed ??= new Set();
    return this.#allowed;
  }
  get hasAllowed(): boolean {
    return this.#allowed !== undefined;
  }

  /** Environment for scripts, conditions and logs (subprocess_env). */
  get env(): Table {
    this.#env ??= new Table();
    return this.#env;
  }
  set env(env: Table) {
    this.#env = env;
  }
  /** A variable, without making the table. */
  getEnv(name: string): string | undefined {
    return this.#env?.get(name);
  }

  /** Messages between modules that the configuration can see (`%{x}n`, note()). Control flow does not go this way. */
  get notes(): Table {
    this.#notes ??= new Table();
    return this.#notes;
  }
  getNote(name: string): string | undefined {
    return this.#notes?.get(name);
  }

  /** A module's own state of this request, by its index; typed by the module that owns it. */
  getState(index: number): unknown {
    return this.#moduleState?.[index];
  }
  setState(index: number, state: unknown): void {
    this.#moduleState ??= [];
    this.#moduleState[index] = state;
  }

  /** Takes over the modules' states of another request where that one has any. */
  takeState(other: Request): void {
    other.#moduleState?.forEach((state, index) => {
      if (state !== undefined) this.setState(index, state);
    });
  }

  /** The request the client sent: first of the chain of internal redirects and sub-requests. */
  get initial(): Request {
    let r: Request = this;
    for (let up = r.main ?? r.prev; up !== undefined; up = r.main ?? r.prev) r = up;
    return r;
  }
  /** Last of the chain of internal redirects: the one that was answered. */
  get final(): Request {
    let r: Request = this;
    while (r.next !== undefined) r = r.next;
    return r;
  }
}

/** One site, served by httpd and by apache-lite with the same php-fpm behind them: the same request to both, and what differs. */
import { existsSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runsAsRoot, serverUser } from '../../differential/server-user.ts';
import { findApacheLite } from '../../support/apache-lite.ts';
import { findHttpd, type RunningServer, type ServerProgram, startServer } from '../../support/httpd.ts';
import { findPhpFpm, makePhpPool, type PhpPool } from '../../support/php-fpm.ts';
import { headerOf, type RawResponse, rawRequest } from '../../support/raw-request.ts';
import { makeSite, type Site } from '../../support/with-server.ts';

/** What such applications are told to have loaded. */
const MODULES = [
  ...['mpm_event', 'authz_core', 'authz_host', 'authn_core', 'authn_file', 'authz_user', 'auth_basic'],
  ...['access_compat', 'alias', 'autoindex', 'deflate', 'dir', 'env', 'expires', 'filter', 'headers'],
  ...['mime', 'negotiation', 'rewrite', 'setenvif', 'proxy', 'proxy_fcgi'],
];

const MODIFIED = new Date('2024-05-06T07:08:09Z');
const TYPES = `text/html html htm
text/css css
text/plain txt
text/javascript js mjs
application/json json
application/pdf pdf
application/wasm wasm
image/png png
image/gif gif
image/jpeg jpg jpeg
image/svg+xml svg
image/vnd.microsoft.icon ico
font/woff2 woff2
`;

/** Why the two cannot be compared here; undefined when they can. */
export function whatIsMissing(...files: readonly string[]): string | undefined {
  const httpd = findHttpd();
  if ('missing' in httpd) return httpd.missing;
  const ours = findApacheLite();
  if ('missing' in ours) return ours.missing;
  if (findPhpFpm() === undefined) return 'php-fpm is not installed';
  const file = files.find((name) => !existsSync(name));
  return file === undefined ? undefined : `${file} is not there`;
}

export interface PairOptions {
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Behind the frame: modules, user, types, and PHP for every file named .php. */
  readonly configuration: (site: Site) => string;
  /** Done once, before the servers start. */
  readonly prepare?: (site: Site) => void;
  /** Extensions of PHP, in an order in which they can be loaded. */
  readonly extensions?: readonly string[];
}

/** A request; Host is www.example unless told. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer as it can be compared. */
export interface Answer {
  readonly status: string;
  /** `name: value`, sorted by name; those of one name in the order they came. */
  readonly headers: readonly string[];
  readonly body: string;
}

export class Pair {
  readonly site: Site;
  readonly #pool: PhpPool;
  readonly #servers: RunningServer[] = [];

  private constructor(site: Site, pool: PhpPool) {
    this.site = site;
    this.#pool = pool;
  }

  static async start({ files = {}, configuration, prepare, extensions = [] }: PairOptions): Promise<Pair> {
    const site = await makeSite({ files: { 'conf/mime.types': TYPES, ...files }, isFrameless: true });
    // Long unchanged: an ETag of a file that has just been written is a weak one.
    for (const name of Object.keys(files)) utimesSync(path.join(site.root, name), MODIFIED, MODIFIED);
    const pool = makePhpPool(`${site.root}/run`, [], undefined, loadOptions(extensions));
    const pair = new Pair(site, pool);
    try {
      prepare?.(site);
      await pool.start();
      for (const [program, port] of pair.#programs()) {
        const file = site.write(
          `conf/${program.name}.conf`,
          frame(site, program, port, pool.socket) + configuration(site),
        );
        pair.#servers.push(await startServer(program, file, port));
      }
    } catch (error) {
      await pair.stop();
      throw error;
    }
    return pair;
  }

  #programs(): readonly (readonly [ServerProgram, number])[] {
    const [first = 0, second = 0] = this.site.ports;
    const httpd = findHttpd();
    const ours = findApacheLite();
    if ('missing' in httpd || 'missing' in ours) throw new Error('a server is missing');
    return [
      [httpd, first],
      [ours, second],
    ];
  }

  /** What both answer. What a server or PHP makes anew each time is taken out. */
  async ask(target: string, asked: Asked = {}): Promise<{ httpd: Answer; ours: Answer }> {
    const [first = 0, second = 0] = this.site.ports;
    return {
      httpd: await this.#askOne(first, target, asked),
      ours: await this.#askOne(second, target, asked),
    };
  }

  async #askOne(port: number, target: string, asked: Asked): Promise<Answer> {
    const { method = 'GET', headers = {}, body = '' } = asked;
    const hasLength = body !== '' && headers['Transfer-Encoding'] === undefined;
    const fields = {
      Host: 'www.example',
      ...(hasLength ? { 'Content-Length': `${body.length}` } : {}),
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const bytes = `${method} ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n${body}`;
    const { responses } = await rawRequest(bytes, { port, methods: [method], timeout: 20_000 });
    const [response] = responses;
    if (response === undefined) throw new Error(`no answer to ${method} ${target} on port ${port}`);
    return comparable(response);
  }

  errorLogOf(name: ServerProgram['name']): string {
    return this.site.read(`logs/${name}-error.log`);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.stop();
    await this.#pool.stop();
    await this.site.dispose();
  }
}

function frame(site: Site, program: ServerProgram, port: number, socket: string): string {
  const httpd = findHttpd();
  if ('missing' in httpd) throw new Error(httpd.missing);
  const load = MODULES.filter((name) => !httpd.builtIn.has(`mod_${name}.c`)).map(
    (name) => `LoadModule ${name}_module "${path.join(httpd.modules, `mod_${name}.so`)}"\n`,
  );
  const user = runsAsRoot() ? `User ${serverUser.name}\nGroup ${serverUser.name}\n` : '';
  return `ServerRoot "${site.root}"
DefaultRuntimeDir run
PidFile run/${program.name}.pid
${load.join('')}${user}Listen 127.0.0.1:${port}
ServerName www.example
ServerTokens Prod
DocumentRoot "${site.root}/htdocs"
TypesConfig conf/mime.types
ErrorLog logs/${program.name}-error.log
AccessFileName .htaccess
<FilesMatch "^\\.ht">
  Require all denied
</FilesMatch>
<FilesMatch "\\.php$">
  SetHandler "proxy:unix:${socket}|fcgi://localhost/"
</FilesMatch>
<Directory "/">
  Options FollowSymLinks
  AllowOverride None
</Directory>
DirectoryIndex index.php index.html
`;
}

/** How what is compressed begins; applications may say so of what is not. */
const GZIP = '\x1f\x8b\x08';

/** Fields whose values are made anew for each answer: their names count. */
const FRESH = /^(set-cookie|expires|last-modified)$/;

function comparable(response: RawResponse): Answer {
  const headers = response.headers.map(([name, value]) => {
    const key = name.toLowerCase();
    if (key === 'date') return 'date';
    // Which cookies, and how they are meant; not what they hold.
    if (key === 'set-cookie')
      return `set-cookie: ${value.replace(/=[^;]*/, '').replace(/expires=[^;]*/i, 'expires')}`;
    if (FRESH.test(key)) return `${key}: ${/(?:GMT|[+-]\d{4})$/.test(value) ? 'a date' : value}`;
    return `${key}: ${withoutFresh(value)}`;
  });
  headers.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
  const isCompressed = headerOf(response, 'content-encoding') === 'gzip' && response.body.startsWith(GZIP);
  const plain = isCompressed
    ? gunzipSync(Buffer.from(response.body, 'latin1')).toString('latin1')
    : response.body;
  const body = withoutFresh(plain);
  const status = `${response.statusLine} ${response.framing}${response.truncated ? ' truncated' : ''}`;
  // How long a text with times and tokens is depends on them, and how far it can be compressed.
  const isSame = body === plain;
  return {
    status,
    headers: isSame ? headers : headers.filter((line) => !line.startsWith('content-length')),
    body,
  };
}

function nameOf(line: string): string {
  return line.split(':', 1)[0] as string;
}

/** Tokens, times, ports: what no two answers have in common. */
function withoutFresh(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/(?<="wgBackendResponseTime":)\d+/g, 'N')
    .replace(/(?<=\bREMOTE_PORT=)\d+/g, 'N')
    .replace(/(?<=\bREQUEST_TIME(_FLOAT)?=)[\d.]+/g, 'T')
    .replace(/\b[0-9a-f]{13,64}\b/g, 'TOKEN')
    .replace(/\b1[6-9]\d{8}(\.\d+)?\b/g, 'TIME')
    .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?/g, 'TIME')
    .replace(/\b\d{14}\b/g, 'TIME')
    .replace(/\b\d+\.\d+ ?(ms|s|seconds|secs)\b/g, 'TIME');
}

/** Options of PHP's commands that load extensions. */
export function loadOptions(extensions: readonly string[]): string[] {
  return extensions.flatMap((name) => ['-d', `extension=${name}.so`]);
}

/** A script that prints what it was told, in an order of its own. */
export const TELL = `<?php
$told = [];
foreach (['REQUEST_METHOD', 'REQUEST_URI', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'PATH_TRANSLATED', 'QUERY_STRING', 'PHP_SELF',
  'DOCUMENT_ROOT', 'SERVER_NAME', 'SERVER_PORT', 'SERVER_PROTOCOL', 'SERVER_SOFTWARE', 'GATEWAY_INTERFACE', 'REQUEST_SCHEME', 'HTTPS',
  'CONTENT_TYPE', 'CONTENT_LENGTH', 'HTTP_AUTHORIZATION', 'REDIRECT_HTTP_AUTHORIZATION', 'PHP_AUTH_USER', 'PHP_AUTH_PW', 'REMOTE_USER', 'AUTH_TYPE',
  'REDIRECT_STATUS', 'REDIRECT_URL', 'REDIRECT_QUERY_STRING', 'CONTEXT_PREFIX', 'CONTEXT_DOCUMENT_ROOT', 'REMOTE_ADDR'] as $name)
  if (isset($_SERVER[$name])) $told[] = "$name=" . $_SERVER[$name];
foreach ($_SERVER as $name => $value)
  if (preg_match('/^(REDIRECT_)*(BASE|APP_|front|mod|htaccess|X_)/i', $name)) $told[] = "$name=$value";
foreach ([$_GET, $_POST] as $fields) $told[] = json_encode($fields);
foreach ($_FILES as $file) $told[] = $file['name'] . ' ' . $file['size'] . ' ' . md5_file($file['tmp_name']);
$told[] = 'body ' . strlen($body = file_get_contents('php://input')) . ' ' . substr($body, 0, 60);
header('Content-Type: text/plain; charset=utf-8');
echo implode("\\n", $told), "\\n";
`;

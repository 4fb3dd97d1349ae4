/** The text format of a differential case. README.md beside this file is its reference. */

export interface CaseFile {
  readonly kind: 'file' | 'symlink' | 'dir';
  /** Relative to the case's root directory. */
  readonly path: string;
  /** Content of a file, target of a symbolic link. */
  readonly content: string;
  readonly mode: number | undefined;
  /** Seconds since the epoch. */
  readonly mtime: number | undefined;
  /** Given to the user the servers run as, instead of the one who runs the tests. */
  readonly owned: boolean;
}

export interface CaseRequest {
  /** What the records call it: the heading, and the request line of a structured request. */
  readonly label: string;
  /** Bytes to send, in pieces with a pause between them. Placeholders are not replaced yet. */
  readonly pieces: readonly string[];
  readonly pause: number;
  readonly methods: readonly string[];
  /** Sent on the connection of the request before it. */
  readonly sameConnection: boolean;
  /** Which of the ports to connect to, by placeholder name. */
  readonly port: string;
  readonly host: string;
  readonly probe: boolean;
  /** End our sending side after the last byte. */
  readonly finish: boolean;
  /** Longest wait for the next bytes of the answer, in milliseconds. */
  readonly timeout: number;
  /** By TLS: the name that is asked for, and the highest version spoken. */
  readonly tls: CaseTls | undefined;
}

export interface CaseTls {
  readonly servername?: string;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** A certificate and its key, made for the run: `tls/name.crt` and `tls/name.key`. */
export interface CaseCertificate {
  readonly name: string;
  /** Its common name. */
  readonly host: string;
}

/** What a scripted FastCGI backend does with the requests whose URI contains `match`. */
export interface FcgiScript {
  readonly match: string;
  readonly steps: readonly string[];
}

/** What a scripted HTTP or TCP backend does with the requests whose first line contains `match`. */
export interface BackendScript {
  /** `backend`, `backend2` or `backend3`: the placeholder of its port. */
  readonly name: string;
  readonly match: string;
  readonly steps: readonly string[];
}

export interface DifferentialCase {
  readonly description: string;
  readonly modules: readonly string[];
  readonly requires: readonly string[];
  /** Why apache-lite answers differently on purpose. */
  readonly difference: string | undefined;
  /** The configuration stands alone, without the common frame. */
  readonly frameless: boolean;
  readonly configuration: string;
  readonly files: readonly CaseFile[];
  readonly certificates: readonly CaseCertificate[];
  readonly fcgi: readonly FcgiScript[];
  readonly backends: readonly BackendScript[];
  /** PHP behind `${root}/run/php.sock`. */
  readonly phpFpm: boolean;
  readonly requests: readonly CaseRequest[];
  readonly compareErrorLog: boolean;
  /** Options of a configuration check (`-t` and its like) made instead of serving. */
  readonly check: readonly string[] | undefined;
}

export class CaseFormatError extends Error {
  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
    this.name = 'CaseFormatError';
  }
}

interface Block {
  readonly line: number;
  readonly keyword: string;
  readonly rest: string;
  readonly text: string[];
}

const blockKeywords = new Set(['conf', 'file', 'file!', 'request', 'then', 'raw', 'fcgi', 'backend']);
const lineKeywords = new Set([
  'modules',
  'requires',
  'difference',
  'frame',
  'symlink',
  'dir',
  'error-log',
  'php-fpm',
  'certificate',
  'check',
]);

/** Reads one case. `file` is used in messages only. */
export function parseCase(source: string, file: string): DifferentialCase {
  const { description, blocks } = splitBlocks(source, file);
  const found = {
    modules: [] as string[],
    requires: [] as string[],
    files: [] as CaseFile[],
    certificates: [] as CaseCertificate[],
    fcgi: [] as FcgiScript[],
    backends: [] as BackendScript[],
    requests: [] as CaseRequest[],
    configuration: '',
    difference: undefined as string | undefined,
    frameless: false,
    compareErrorLog: false,
    phpFpm: false,
    check: undefined as readonly string[] | undefined,
  };
  for (const block of blocks) {
    const fail = (problem: string): never => {
      throw new CaseFormatError(file, block.line, problem);
    };
    switch (block.keyword) {
      case 'modules':
        found.modules.push(...words(block.rest));
        break;
      case 'certificate':
        found.certificates.push(certificate(block, fail));
        break;
      case 'requires':
        found.requires.push(...words(block.rest));
        break;
      case 'difference':
        found.difference = block.rest || fail('a difference needs its reason');
        break;
      case 'frame':
        if (block.rest !== 'none') fail('the only frame to ask for is none');
        found.frameless = true;
        break;
      case 'php-fpm':
        found.phpFpm = true;
        break;
      case 'error-log':
        found.compareErrorLog = true;
        break;
      case 'check':
        found.check = block.rest === '' ? ['-t'] : words(block.rest);
        break;
      case 'conf':
        found.configuration += literal(block.text);
        break;
      case 'file':
      case 'file!':
      case 'dir':
      case 'symlink':
        found.files.push(caseFile(block, fail));
        break;
      case 'fcgi':
        found.fcgi.push({ match: block.rest, steps: block.text.filter((step) => step.trim() !== '') });
        break;
      case 'backend':
        found.backends.push(backendScript(block));
        break;
      default:
        found.requests.push(caseRequest(block, fail));
    }
  }
  if (description === '')
    throw new CaseFormatError(file, 1, 'a case starts with a line that says what it shows');
  if (found.requests.length === 0 && found.check === undefined) {
    throw new CaseFormatError(file, 1, 'nothing is asked');
  }
  return { description, ...found };
}

function splitBlocks(source: string, file: string): { description: string; blocks: Block[] } {
  const description: string[] = [];
  const blocks: Block[] = [];
  let open: Block | undefined;
  for (const [index, line] of source.split('\n').entries()) {
    const heading = /^@([\w!-]+)[ \t]*(.*)$/.exec(line);
    if (heading !== null) {
      const keyword = heading[1] as string;
      const block = { line: index + 1, keyword, rest: (heading[2] as string).trim(), text: [] };
      const holdsText = blockKeywords.has(keyword);
      if (!holdsText && !lineKeywords.has(keyword)) {
        throw new CaseFormatError(file, index + 1, `unknown heading @${keyword}`);
      }
      blocks.push(block);
      open = holdsText ? block : undefined;
    } else if (open !== undefined) {
      open.text.push(line.startsWith('\\@') ? line.slice(1) : line);
    } else if (line.startsWith('#')) {
      if (blocks.length === 0) description.push(line.slice(1).trim());
    } else if (line.trim() !== '') {
      throw new CaseFormatError(file, index + 1, 'text outside of a block');
    }
  }
  return { description: description.join(' '), blocks };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** The lines of a block without the blank ones at its end, each ended. */
function literal(lines: readonly string[]): string {
  const end = lines.findLastIndex((line) => line !== '') + 1;
  return lines
    .slice(0, end)
    .map((line) => `${line}\n`)
    .join('');
}

type Fail = (problem: string) => never;

/** `key=value` words of a heading; other words stand as they are. */
function options(rest: string): { plain: string[]; named: Map<string, string> } {
  const plain: string[] = [];
  const named = new Map<string, string>();
  for (const word of words(rest)) {
    const equals = /^([a-z]+)=(.*)$/.exec(word);
    if (equals === null) plain.push(word);
    else named.set(equals[1] as string, equals[2] as string);
  }
  return { plain, named };
}

function caseFile(block: Block, fail: Fail): CaseFile {
  const { plain, named } = options(block.rest);
  const mode = named.get('mode');
  const mtime = named.get('mtime');
  const common = {
    path: unescapeBytes(plain[0] ?? fail('a path is missing')),
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    mtime: mtime === undefined ? undefined : Date.parse(mtime) / 1000,
    owned: plain.includes('owned'),
  };
  if (common.mtime !== undefined && Number.isNaN(common.mtime)) fail('mtime is no ISO date');
  if (block.keyword === 'symlink') {
    if (plain[1] !== '->') fail('a link is written: path -> target');
    return { kind: 'symlink', content: plain[2] ?? fail('the target is missing'), ...common };
  }
  if (block.keyword === 'dir') return { kind: 'dir', content: '', ...common };
  const content = block.keyword === 'file!' ? unescapeBytes(joinEscaped(block.text)) : literal(block.text);
  return { kind: 'file', content, ...common };
}

/** Blocks with escapes are one string: their line ends are for the eye only. */
function joinEscaped(lines: readonly string[]): string {
  return lines.join('');
}

function backendScript(block: Block): BackendScript {
  const named = /^(backend[23]?)(?:\s+(.*))?$/.exec(block.rest);
  return {
    name: named?.[1] ?? 'backend',
    match: (named === null ? block.rest : named[2]) ?? '',
    steps: block.text.filter((step) => step.trim() !== ''),
  };
}

function caseRequest(block: Block, fail: Fail): CaseRequest {
  const { plain, named } = options(block.rest);
  const flags = new Set(plain);
  for (const flag of flags) {
    if (!['noprobe', 'finish', 'nohost', 'then', 'tls'].includes(flag)) fail(`unknown flag ${flag}`);
  }
  for (const name of named.keys()) {
    if (!['methods', 'pause', 'port', 'host', 'timeout', 'label', 'sni', 'tls'].includes(name))
      fail(`unknown option ${name}`);
  }
  const raw = block.keyword === 'raw';
  const written = raw ? joinEscaped(block.text) : structured(block.text, flags, fail);
  const pieces = written.split('\\{wait}').map(unescapeBytes);
  if (named.has('pause') && pieces.length === 1) fail('a pause is made at \\{wait}: there is none');
  const firstMethod = /^([^ \\]+)/.exec(written)?.[1] ?? 'GET';
  const headEnd = block.text.indexOf('');
  const headLines = headEnd < 0 ? block.text : block.text.slice(0, headEnd);
  const first = (raw ? written : headLines.join(' | ')).slice(0, 100);
  return {
    label: named.get('label') ?? first,
    pieces,
    pause: Number(named.get('pause') ?? 40),
    methods: named.get('methods')?.split(',') ?? [firstMethod],
    sameConnection: block.keyword === 'then' || flags.has('then'),
    port: named.get('port') ?? 'port',
    host: named.get('host') ?? '127.0.0.1',
    probe: !flags.has('noprobe'),
    finish: flags.has('finish'),
    timeout: Number(named.get('timeout') ?? 5000),
    tls: caseTls(flags, named, fail),
  };
}

function caseTls(
  flags: ReadonlySet<string>,
  named: ReadonlyMap<string, string>,
  fail: Fail,
): CaseTls | undefined {
  const servername = named.get('sni');
  const version = named.get('tls');
  if (servername === undefined && version === undefined && !flags.has('tls')) return undefined;
  if (version !== undefined && version !== '1.2' && version !== '1.3') fail(`no version of TLS: ${version}`);
  return {
    ...(servername === undefined ? {} : { servername }),
    ...(version === undefined ? {} : { maxVersion: version === '1.2' ? 'TLSv1.2' : 'TLSv1.3' }),
  };
}

function certificate(block: Block, fail: Fail): CaseCertificate {
  const [name, host] = words(block.rest);
  if (name === undefined || host === undefined) return fail('a certificate is written: name host');
  return { name, host };
}

/** A request written as lines: line ends, Host and Content-Length are added where they were left out. */
function structured(lines: readonly string[], flags: ReadonlySet<string>, fail: Fail): string {
  const trimmed = literal(lines).split('\n').slice(0, -1);
  const blank = trimmed.indexOf('');
  const head = blank < 0 ? trimmed : trimmed.slice(0, blank);
  const body = blank < 0 ? '' : trimmed.slice(blank + 1).join('\n');
  let requestLine = head.shift() ?? fail('the request line is missing');
  if (!/ HTTP\/\S+$/.test(requestLine)) requestLine += ' HTTP/1.1';
  const has = (name: RegExp): boolean => head.some((line) => name.test(line));
  if (!flags.has('nohost') && !has(/^host:/i) && requestLine.endsWith('/1.1'))
    head.unshift('Host: localhost');
  if (body !== '' && !has(/^(content-length|transfer-encoding):/i)) {
    head.push(`Content-Length: ${unescapeBytes(body).length}`);
  }
  return [requestLine, ...head, '', body].join('\r\n');
}

/**
 * `\r \n \t \0 \\ \xNN`, and `\{5*abc}` for repetition (the repeated text may hold escapes but no closing brace).
 */
export function unescapeBytes(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|\{(\d+)\*((?:\\.|[^}\\])*)\}|([\s\S]))/g,
    (whole, hex: string | undefined, count: string | undefined, repeated: string, plain: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (count !== undefined) return unescapeBytes(repeated).repeat(Number(count));
      return { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' }[plain] ?? whole;
    },
  );
}

import { createHash } from 'node:crypto';
import { type ConnectionFate, headerOf, type RawResponse } from '../support/raw-request.ts';
import type { Placeholders } from './site.ts';

/** One answer in the form in which it is kept and compared. */
export interface Answer {
  readonly status: string;
  /** `Name: value`, in the order of arrival; compared as a multiset. */
  readonly headers: readonly string[];
  readonly framing: RawResponse['framing'];
  /** Byte string; a long body is kept as its length and hash. */
  readonly body: string | { readonly length: number; readonly sha256: string };
  readonly trailers?: readonly string[];
  readonly truncated?: true;
  /** Status lines of 1xx answers before this one. */
  readonly interim?: readonly string[];
}

export interface Exchange {
  readonly request: string;
  readonly answers: readonly Answer[];
  readonly connection: ConnectionFate;
}

/** Everything one server had to say to a case. */
export interface CaseResult {
  readonly exchanges?: readonly Exchange[];
  /** Lines of every log file other than the error log, sorted: log lines of separate connections have no order. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
  /** `level AHnnnnn` of the error log's lines from warn up, sorted. */
  readonly errors?: readonly string[];
  readonly check?: { readonly exitCode: number; readonly output: readonly string[] };
}

/** Bodies up to this length are kept as they are. */
const keptBody = 6000;

/** Takes out of a text what differs from run to run or between the two products by nature. */
export function normaliseText(text: string, values: Placeholders): string {
  let result = text.replaceAll(values.root, `\${root}`);
  for (const [name, port] of values.ports) {
    result = result.replace(new RegExp(`\\b${port}\\b`, 'g'), `\${${name}}`);
  }
  return (
    result
      .replace(/\((?:Debian|Ubuntu|Unix|apache-lite)\)/g, '(*)')
      .replace(/^REMOTE_PORT=\d+$/gm, 'REMOTE_PORT=*')
      .replace(/\bnonce="[\w+/]{11}=[0-9a-f]{40}"/g, 'nonce="*"')
      .replace(/\bopaque="[0-9a-f]+"/g, 'opaque="*"')
      .replace(/\bexpiry=1\d{15}\b/g, 'expiry=*')
      .replace(/=[A-Za-z0-9+/]{60,}={0,2}(?=;)/g, '=(encrypted)')
      // The balancer-manager page: nonces, names in shared memory, when the server was built, and the methods, which httpd keeps in a hash.
      .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '(uuid)')
      .replace(/ \[p[0-9a-f]{1,8}_/g, ' [p*_')
      .replace(/(<dt>Server Built: )[^<]*/g, '$1*')
      .replace(
        /(?<=<select name='b_lbm' id='b_lbm'>)(?:<option[^\n]*\n)+/g,
        (options) =>
          options
            .match(/[^\n]*\n/g)
            ?.sort()
            .join('') ?? '',
      )
  );
}

const LONGEST_EXPIRY = 400 * 24 * 3600;

/** A time told from now is told from the answer's date; any other stays as it is. */
function expiresSince(value: string, date: string | undefined): string {
  const seconds = (Date.parse(value) - Date.parse(date ?? '')) / 1000;
  if (seconds === 0) return '*';
  return seconds > 0 && seconds < LONGEST_EXPIRY ? `(date + ${seconds})` : value;
}

export function toAnswer(response: RawResponse, values: Placeholders): Answer {
  const boundary = /^Content-Type: multipart\/byteranges; boundary=(\S+)$/im.exec(
    response.headers.map(([name, value]) => `${name}: ${value}`).join('\n'),
  )?.[1];
  const clean = (text: string): string => {
    const done = normaliseText(text, values);
    return boundary === undefined ? done : done.replaceAll(boundary, '(boundary)');
  };
  const body = clean(response.body);
  const rawLength = String(response.body.length);
  const date = headerOf(response, 'date');
  const headers = response.headers.map(([name, value]) => {
    const key = name.toLowerCase();
    if (key === 'expires') return `${name}: ${expiresSince(value, date)}`;
    if (key === 'date' && /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(value)) return `${name}: *`;
    if (key === 'allow') return `${name}: ${value.split(',').sort().join(',')}`;
    // httpd's boundary is a random number in hexadecimal, at times a digit shorter: without a body nothing tells how often it counts.
    if (key === 'content-length' && boundary !== undefined && response.body === '') return `${name}: *`;
    // A length that was right stays right after the body was normalised.
    if (key === 'content-length' && value === rawLength) return `${name}: ${body.length}`;
    return `${name}: ${clean(value)}`;
  });
  return {
    status: response.statusLine ?? '(none)',
    headers,
    framing: response.framing,
    body:
      body.length <= keptBody
        ? body
        : { length: body.length, sha256: createHash('sha256').update(body, 'latin1').digest('hex') },
    ...(response.trailers.length > 0 && { trailers: response.trailers.map(([n, v]) => `${n}: ${v}`) }),
    ...(response.truncated && { truncated: true as const }),
    ...(response.interim.length > 0 && { interim: response.interim.map((r) => r.statusLine ?? '') }),
  };
}

/** The result with everything that has no order put in one. */
export function comparable(result: CaseResult): CaseResult {
  return {
    ...result,
    ...(result.exchanges !== undefined && {
      exchanges: result.exchanges.map((exchange) => ({
        ...exchange,
        answers: exchange.answers.map((answer) => ({ ...answer, headers: [...answer.headers].sort() })),
      })),
    }),
  };
}

const severe = new Set(['warn', 'error', 'crit', 'alert', 'emerg']);

/** `[date] [module:level] [pid ...] ... AHnnnnn: ...` → `level AHnnnnn`, for levels from warn up. */
export function errorLogFacts(log: string): string[] {
  const facts: string[] = [];
  for (const line of log.split('\n')) {
    const level = /^\[[^\]]*\] \[[\w-]*:(\w+)\]/.exec(line)?.[1];
    if (level === undefined || !severe.has(level)) continue;
    facts.push(`${level} ${/\bAH\d{5}\b/.exec(line)?.[0] ?? '-'}`);
  }
  return facts.sort();
}

/**
 * What a configuration check printed. Log lines lose their date, module and process; the program's name,
 * which httpd prints as it was called, becomes `httpd`.
 */
export function checkLines(output: string, values: Placeholders): string[] {
  return normaliseText(output, values)
    .split('\n')
    .map((line) =>
      line
        .replace(/^(?:\[[^\]]*\] )+/, '')
        .replace(/^((?:AH\d{5}: )?)(?:apache2|apache-lite|httpd): /, '$1httpd: '),
    )
    .filter((line) => line.trim() !== '');
}

/**
 * apache-lite prints every problem, with carets; httpd stops at the first. The two agree when what httpd prints
 * is found at the start of what apache-lite prints, in the same order, other lines in between allowed
 * only after httpd's first line.
 */
export function reducedCheck(actual: readonly string[], expected: readonly string[]): string[] {
  if (actual[0] !== expected[0]) return [...actual];
  const reduced: string[] = [];
  let next = 0;
  for (const line of actual) {
    if (line !== expected[next]) continue;
    reduced.push(line);
    next++;
  }
  return next === expected.length ? reduced : [...actual];
}

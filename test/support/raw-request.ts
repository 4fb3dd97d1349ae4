import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** How the end of a body is told (RFC 9112 section 6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** One answer exactly as it came, byte strings throughout (one char is one byte). */
export interface RawResponse {
  /** The first line without its line end; undefined when what came is no HTTP/1 answer at all. */
  readonly statusLine: string | undefined;
  /** 0 when there is no status line. */
  readonly status: number;
  /** In order of arrival, names in the case they came in. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
  /** The body without its transfer coding. */
  readonly body: string;
  /** Trailer fields of a chunked body. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** The connection ended, or time ran out, before the framing said so. */
  readonly truncated: boolean;
  /** 1xx answers that came before this one. */
  readonly interim: readonly RawResponse[];
}

/** First value of a header, looked up without case; undefined when it is absent. */
export function headerOf(response: Pick<RawResponse, 'headers'>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return response.headers.find(([key]) => key.toLowerCase() === wanted)?.[1];
}

export interface RawTarget {
  readonly port: number;
  /** Address to connect to, 127.0.0.1 unless given. */
  readonly host?: string;
  /** Longest wait for the next bytes, in milliseconds; 5000 unless given. */
  readonly timeout?: number;
  /** Longest wait for the first byte of an answer, where it is longer; the timeout unless given. */
  readonly patience?: number;
  /** Speaks TLS, to whomever. */
  readonly tls?: ConnectionOptions;
}

type Wake = (() => void) | undefined;

/**
 * A client connection without opinions: it sends the bytes it is given and reads answers framed as
 * RFC 9112 says. A reset counts as an end: which of the two a client sees is a race in the kernel.
 */
export class RawConnection {
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #patience: number;
  #buffer = '';
  #ended = false;
  #wake: Wake;

  private constructor(socket: Socket, { timeout = 5000, patience = 0 }: RawTarget) {
    this.#socket = socket;
    this.#timeout = timeout;
    this.#patience = Math.max(timeout, patience);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#buffer += chunk;
      this.#wake?.();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', ended);
    socket.on('error', ended);
    socket.on('close', ended);
  }

  static open(target: RawTarget): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      // Half-open: an answer may still be read after the peer has stopped listening, and the other way round.
      const address = { port: target.port, host: target.host ?? '127.0.0.1', allowHalfOpen: true };
      const { tls } = target;
      const socket =
        tls === undefined
          ? connect(address)
          : connectTls({ ...tls, ...address, rejectUnauthorized: false } as ConnectionOptions);
      socket.once('error', reject);
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket, target));
      });
    });
  }

  /** Sends byte strings; between two of them it waits for `pause` milliseconds. Writing to a closed peer is no error. */
  async send(pieces: string | readonly string[], pause = 20): Promise<void> {
    const list = typeof pieces === 'string' ? [pieces] : pieces;
    for (const [index, piece] of list.entries()) {
      if (index > 0) await delay(pause);
      if (this.#ended || piece === '') continue;
      await new Promise<void>((resolve) => this.#socket.write(piece, 'latin1', () => resolve()));
    }
  }

  /** Ends our side of the connection; answers can still be read. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Bytes received and not yet consumed by an answer. */
  get pending(): string {
    return this.#buffer;
  }

  /** Resolves true when the peer has closed within `timeout` milliseconds, false when it keeps the connection. */
  async closedWithin(timeout: number): Promise<boolean> {
    const deadline = Date.now() + timeout;
    while (!this.#ended && Date.now() < deadline) await this.#more(deadline - Date.now());
    return this.#ended;
  }

  /**
   * Reads the next answer. `method` is the method of the request it answers: it decides whether there is a body.
   * Undefined when the peer closed (or stayed silent for as long as it is waited for) without sending a byte of it.
   */
  async readResponse(method = 'GET'): Promise<RawResponse | undefined> {
    const interim: RawResponse[] = [];
    for (;;) {
      const head = await this.#readHead();
      if (head === undefined) return undefined;
      if (head.status === 0) return { ...(await this.#readToClose(head)), interim };
      if (head.status >= 100 && head.status < 200 && head.status !== 101) {
        interim.push({ ...head, framing: 'none', body: '', trailers: [], truncated: false, interim: [] });
        continue;
      }
      return { ...(await this.#readBody(head, method)), interim };
    }
  }

  async #readHead(): Promise<Head | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end >= 0 && this.#buffer.startsWith('HTTP/')) {
        const head = parseHead(this.#buffer.slice(0, end));
        this.#buffer = this.#buffer.slice(end + 4);
        return head;
      }
      const noHttp = this.#buffer.length >= 5 && !this.#buffer.startsWith('HTTP/');
      if (noHttp || !(await this.#more(this.#buffer === '' ? this.#patience : this.#timeout))) {
        return this.#buffer === '' ? undefined : { statusLine: undefined, status: 0, headers: [] };
      }
    }
  }

  async #readBody(head: Head, method: string): Promise<RawResponse> {
    const base = { ...head, interim: [], trailers: [] };
    if (method === 'HEAD' || head.status === 204 || head.status === 304 || head.status === 101) {
      return { ...base, framing: 'none', body: '', truncated: false };
    }
    if (/(^|,)\s*chunked\s*$/i.test(headerOf(head, 'transfer-encoding') ?? '')) {
      return { ...base, framing: 'chunked', ...(await this.#readChunked()) };
    }
    const length = headerOf(head, 'content-length');
    if (length !== undefined && /^\d+$/.test(length)) {
      const wanted = Number(length);
      while (this.#buffer.length < wanted && (await this.#more()));
      const body = this.#take(wanted);
      return { ...base, framing: 'length', body, truncated: body.length < wanted };
    }
    return this.#readToClose(head);
  }

  async #readToClose(head: Head): Promise<RawResponse> {
    while (await this.#more());
    const body = this.#take(this.#buffer.length);
    return { ...head, framing: 'close', body, trailers: [], truncated: !this.#ended, interim: [] };
  }

  async #readChunked(): Promise<Pick<RawResponse, 'body' | 'trailers' | 'truncated'>> {
    let body = '';
    for (;;) {
      const line = await this.#readLine();
      const size = line === undefined ? Number.NaN : Number.parseInt(line, 16);
      if (Number.isNaN(size)) return { body, trailers: [], truncated: true };
      if (size === 0) break;
      while (this.#buffer.length < size + 2 && (await this.#more()));
      const data = this.#take(size);
      body += data;
      if (data.length < size || this.#take(2) !== '\r\n') return { body, trailers: [], truncated: true };
    }
    const trailers: [string, string][] = [];
    for (;;) {
      const line = await this.#readLine();
      if (line === undefined) return { body, trailers, truncated: true };
      if (line === '') return { body, trailers, truncated: false };
      trailers.push(splitField(line));
    }
  }

  async #readLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 2);
        return line;
      }
      if (!(await this.#more())) return undefined;
    }
  }

  #take(count: number): string {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }

  /** Waits for bytes; false when none will come: the peer ended, or nothing came for the timeout. */
  #more(timeout = this.#timeout): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    const before = this.#buffer.length;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(this.#buffer.length > before);
      };
      const timer = setTimeout(done, timeout);
      this.#wake = done;
    });
  }
}

type Head = Pick<RawResponse, 'statusLine' | 'status' | 'headers'>;

function parseHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/\d\.\d (\d{3})(?: |$)/.exec(statusLine)?.[1] ?? 0);
  return { statusLine, status, headers: lines.map(splitField) };
}

/** Exactly one blank after the colon belongs to the notation; everything else is kept as it came. */
function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What became of a connection after the answers that were asked for. */
export type ConnectionFate = 'kept' | 'closed' | 'silent' | 'not asked';

export interface RawExchange {
  readonly responses: readonly RawResponse[];
  readonly connection: ConnectionFate;
}

export interface RawRequestOptions extends RawTarget {
  /** Methods of the requests in the bytes, in order: how many answers to read, and which have no body. */
  readonly methods?: readonly string[];
  /** Milliseconds between two pieces. */
  readonly pause?: number;
  /** Find out whether the connection was kept, by one more request on it. */
  readonly probe?: boolean;
}

/** The request that finds out whether a connection still serves: any byte in return says yes, an end says no. */
export const probeRequest = 'GET /--probe HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Asks a connection whose answers were all read whether it is still served. */
export async function askFate(connection: RawConnection): Promise<ConnectionFate> {
  await connection.send(probeRequest);
  const answer = await connection.readResponse();
  if (answer !== undefined) return 'kept';
  return (await connection.closedWithin(0)) ? 'closed' : 'silent';
}

/** Opens a connection, sends the bytes, reads one answer for each method (GET unless given) and closes. */
export async function rawRequest(
  bytes: string | readonly string[],
  options: RawRequestOptions,
): Promise<RawExchange> {
  const connection = await RawConnection.open(options);
  try {
    await connection.send(bytes, options.pause);
    const responses: RawResponse[] = [];
    for (const method of options.methods ?? ['GET']) {
      const response = await connection.readResponse(method);
      if (response === undefined) break;
      responses.push(response);
    }
    const fate = options.probe === true ? await askFate(connection) : 'not asked';
    return { responses, connection: fate };
  } finally {
    connection.close();
  }
}

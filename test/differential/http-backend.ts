import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type BackendScript, unescapeBytes } from './case-format.ts';
import { type Backends, Listeners } from './listeners.ts';
import { packetProtocol, servePackets } from './packet-backend.ts';
import { fill, type Placeholders } from './site.ts';

/**
 * The HTTP and raw TCP backends of a case, `${backend}` (also `${root}/run/backend.sock`), `${backend2}` and `${backend3}`. They read requests
 * with code of their own, not with src/http: what the server under test sends is judged here.
 */
export async function startHttpBackends(
  scripts: readonly BackendScript[],
  values: Placeholders,
): Promise<Backends> {
  return Listeners.start(async (listeners) => {
    for (const name of new Set(scripts.map((script) => script.name))) {
      const backend: Backend = {
        scripts: scripts.filter((script) => script.name === name),
        values,
        connections: 0,
        seen: [],
      };
      const protocol = packetProtocol(backend.scripts);
      const serve = (socket: Socket): void => {
        if (protocol === undefined) new BackendSession(socket, backend);
        else servePackets(socket, ++backend.connections, protocol, backend.scripts, values);
      };
      await listeners.listen(values.ports.get(name) as number, serve);
      if (name === 'backend') await listeners.listen(join(values.root, 'run/backend.sock'), serve);
    }
  });
}

interface Backend {
  readonly scripts: readonly BackendScript[];
  readonly values: Placeholders;
  /** Connections accepted so far. */
  connections: number;
  /** `connection/request first line` of every request so far. */
  readonly seen: string[];
}

/** One connection: request after request, each answered by the script its first line chooses. */
class BackendSession {
  readonly #socket: Socket;
  readonly #backend: Backend;
  readonly #number: number;
  #requests = 0;
  #buffer = '';
  #hasEnded = false;
  #wake: (() => void) | undefined;
  /** The request being answered. */
  #head = '';
  #body = '';

  constructor(socket: Socket, backend: Backend) {
    this.#socket = socket;
    this.#backend = backend;
    this.#number = ++backend.connections;
    socket.setEncoding('latin1');
    socket.setNoDelay(true);
    const ended = (): void => {
      this.#hasEnded = true;
      this.#wake?.();
    };
    socket.on('error', () => socket.destroy());
    socket.on('end', ended);
    socket.on('close', ended);
    socket.on('data', (chunk: string) => {
      this.#buffer += chunk;
      this.#wake?.();
    });
    this.#serve().catch((error: unknown) => {
      if (!(error instanceof SessionEnded)) this.#socket.destroy(error as Error);
      else if (!this.#socket.destroyed) this.#socket.end();
    });
  }

  async #serve(): Promise<void> {
    const { scripts } = this.#backend;
    const greeting = scripts.find(({ steps }) => steps[0]?.trim() === 'greet');
    if (greeting !== undefined) return this.#run(greeting.steps.slice(1));
    for (;;) {
      await this.#readHead();
      const line = this.#head.slice(0, this.#head.indexOf('\r\n'));
      this.#requests++;
      this.#backend.seen.push(`${this.#number}/${this.#requests} ${line}`);
      const script =
        scripts.find(({ match }) => match !== '' && line.includes(match)) ??
        scripts.find(({ match }) => match === '');
      const steps = script?.steps ?? ['echo'];
      if (steps[0]?.trim() !== 'early') await this.#readBody();
      await this.#run(steps);
      await this.#readBody();
    }
  }

  async #run(steps: readonly string[]): Promise<void> {
    for (const step of steps) await this.#perform(step);
  }

  /** One line of a script; README.md lists them. */
  async #perform(step: string): Promise<void> {
    const [, verb = '', rest = ''] = /^\s*(\S+)(?: (.*))?$/.exec(step) ?? [];
    switch (verb) {
      case 'early':
        break;
      case 'body':
        await this.#readBody();
        break;
      case 'bytes':
        this.#write(this.#text(rest));
        break;
      case 'answer':
        this.#answer(this.#text(rest));
        break;
      case 'echo':
        this.#answer(this.#head + this.#body);
        break;
      case 'echo-head':
        this.#answer(this.#head);
        break;
      case 'seen':
        this.#answer(`${this.#backend.seen.join('\n')}\n`);
        break;
      case 'tunnel':
        await this.#tunnel();
        break;
      case 'wait':
        await new Promise((resolve) => setTimeout(resolve, Number(rest)));
        break;
      case 'close':
        throw new SessionEnded();
      case 'reset':
        this.#socket.resetAndDestroy();
        throw new SessionEnded();
      default:
        throw new Error(`unknown step of a backend's script: ${step}`);
    }
  }

  /** A step's text with its placeholders and escapes replaced. */
  #text(text: string): string {
    return unescapeBytes(
      fill(text, this.#backend.values)
        .replaceAll('\\{conn}', String(this.#number))
        .replaceAll('\\{request}', String(this.#requests)),
    );
  }

  #write(bytes: string): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes, 'latin1');
  }

  /** A plain 200; the connection is kept as the request asks. */
  #answer(body: string): void {
    const isHead = this.#head.startsWith('HEAD ');
    const head = [
      'HTTP/1.1 200 OK',
      'Content-Type: text/plain',
      `X-Conn: ${this.#number}/${this.#requests}`,
      `Content-Length: ${body.length}`,
    ];
    const isKept =
      field(this.#head, 'connection')?.toLowerCase() !== 'close' && /^[^\r]* HTTP\/1\.1\r/.test(this.#head);
    if (!isKept) head.push('Connection: close');
    this.#write(`${head.join('\r\n')}\r\n\r\n${isHead ? '' : body}`);
    if (!isKept) throw new SessionEnded();
  }

  /** Gives back what comes, as it comes, until the other side ends. */
  async #tunnel(): Promise<never> {
    for (;;) {
      this.#write(this.#buffer);
      this.#buffer = '';
      await this.#more();
    }
  }

  async #readHead(): Promise<void> {
    while (!this.#buffer.includes('\r\n\r\n')) await this.#more();
    this.#head = this.#take(this.#buffer.indexOf('\r\n\r\n') + 4);
    this.#body = '';
    this.#isBodyRead = false;
  }
  #isBodyRead = true;

  /** The body as it is on the wire, its transfer coding included. */
  async #readBody(): Promise<void> {
    if (this.#isBodyRead) return;
    this.#isBodyRead = true;
    if (/chunked\s*$/i.test(field(this.#head, 'transfer-encoding') ?? '')) {
      for (;;) {
        const line = await this.#readLine();
        const size = Number.parseInt(line, 16);
        if (Number.isNaN(size)) throw new SessionEnded();
        if (size > 0) this.#body += await this.#read(size + 2);
        else if ((await this.#readTrailers()) === '') return;
      }
    }
    this.#body += await this.#read(Number(field(this.#head, 'content-length') ?? 0));
  }

  async #readTrailers(): Promise<string> {
    while ((await this.#readLine()) !== '\r\n');
    return '';
  }

  async #readLine(): Promise<string> {
    while (!this.#buffer.includes('\n')) await this.#more();
    const line = this.#take(this.#buffer.indexOf('\n') + 1);
    this.#body += line;
    return line;
  }

  async #read(size: number): Promise<string> {
    while (this.#buffer.length < size) await this.#more();
    return this.#take(size);
  }

  #take(count: number): string {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        reject(new SessionEnded());
        return;
      }
      const length = this.#buffer.length;
      this.#wake = () => {
        if (!this.#hasEnded && this.#buffer.length === length) return;
        this.#wake = undefined;
        if (this.#buffer.length > length) resolve();
        else reject(new SessionEnded());
      };
    });
  }
}

/** The connection is over. */
class SessionEnded extends Error {}

function field(head: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*)\\r$`, 'im').exec(head)?.[1];
}

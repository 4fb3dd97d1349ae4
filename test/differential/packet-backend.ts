import type { Socket } from 'node:net';
import { type BackendScript, unescapeBytes } from './case-format.ts';
import { fill, type Placeholders } from './site.ts';

/**
 * Backends that speak SCGI, uwsgi or AJP: the first step of a script names the protocol. They read requests with code of their own, not with
 * that of the modules: what the server under test sends is judged here, and shown so that every byte of it counts.
 */
export type PacketProtocol = 'scgi' | 'uwsgi' | 'ajp';

const PROTOCOLS: ReadonlySet<string> = new Set(['scgi', 'uwsgi', 'ajp']);

/** The protocol that scripts of one backend speak; undefined: another than these. */
export function packetProtocol(scripts: readonly BackendScript[]): PacketProtocol | undefined {
  const first = scripts[0]?.steps[0]?.trim() ?? '';
  return PROTOCOLS.has(first) ? (first as PacketProtocol) : undefined;
}

/** The connection is over. */
class SessionEnded extends Error {}

/** Serves one connection. @param number of the connection, from 1. */
export function servePackets(
  socket: Socket,
  number: number,
  protocol: PacketProtocol,
  scripts: readonly BackendScript[],
  values: Placeholders,
): void {
  const session =
    protocol === 'ajp'
      ? new AjpSession(socket, number, scripts, values)
      : new CgiSession(socket, number, protocol, scripts, values);
  session.serve().catch((error: unknown) => {
    if (!(error instanceof SessionEnded)) socket.destroy(error as Error);
    else if (!socket.destroyed) socket.end();
  });
}

abstract class PacketSession {
  protected readonly socket: Socket;
  protected requests = 0;
  readonly #number: number;
  readonly #scripts: readonly BackendScript[];
  readonly #values: Placeholders;
  #buffer = '';
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, number: number, scripts: readonly BackendScript[], values: Placeholders) {
    this.socket = socket;
    this.#number = number;
    this.#scripts = scripts;
    this.#values = values;
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
  }

  abstract serve(): Promise<void>;
  protected abstract performOwn(verb: string, rest: string): Promise<void>;

  /** The steps for what was asked, without the protocol's name. */
  protected stepsFor(asked: string, fallback: readonly string[]): readonly string[] {
    const script =
      this.#scripts.find(({ match }) => match !== '' && asked.includes(match)) ??
      this.#scripts.find(({ match }) => match === '');
    const steps = script?.steps ?? [];
    const own = PROTOCOLS.has(steps[0]?.trim() ?? '') ? steps.slice(1) : steps;
    return own.length === 0 ? fallback : own;
  }

  /** One line of a script; README.md lists them. */
  protected async perform(step: string): Promise<void> {
    const [, verb = '', rest = ''] = /^\s*(\S+)(?: (.*))?$/.exec(step) ?? [];
    switch (verb) {
      case 'bytes':
        this.write(this.text(rest));
        break;
      case 'wait':
        await new Promise((resolve) => setTimeout(resolve, Number(rest)));
        break;
      case 'close':
        throw new SessionEnded();
      case 'reset':
        this.socket.resetAndDestroy();
        throw new SessionEnded();
      default:
        await this.performOwn(verb, rest);
    }
  }

  /** A step's text with its placeholders and escapes replaced. */
  protected text(text: string): string {
    return unescapeBytes(
      fill(text, this.#values)
        .replaceAll('\\{conn}', String(this.#number))
        .replaceAll('\\{request}', String(this.requests)),
    );
  }

  protected write(bytes: string): void {
    if (!this.socket.destroyed) this.socket.write(bytes, 'latin1');
  }

  protected async read(size: number): Promise<string> {
    while (this.#buffer.length < size) await this.#more();
    const taken = this.#buffer.slice(0, size);
    this.#buffer = this.#buffer.slice(size);
    return taken;
  }

  protected async readUntil(char: string): Promise<string> {
    while (!this.#buffer.includes(char)) await this.#more();
    return this.read(this.#buffer.indexOf(char) + 1);
  }

  /** Whether there is something to read without waiting for long. */
  protected async hasMore(): Promise<boolean> {
    if (this.#buffer === '') await new Promise((resolve) => setTimeout(resolve, 30));
    return this.#buffer !== '';
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        reject(new SessionEnded());
        return;
      }
      const { length } = this.#buffer;
      this.#wake = () => {
        if (!this.#hasEnded && this.#buffer.length === length) return;
        this.#wake = undefined;
        if (this.#buffer.length > length) resolve();
        else reject(new SessionEnded());
      };
    });
  }
}

/** What was sent of a body, at most its beginning. */
function shownBody(body: string): string {
  return `(${body.length} bytes) ${body.slice(0, 200)}`;
}

/** The client's port differs from run to run. */
function shownPair([name, value]: readonly [string, string]): string {
  return `${name}=${name.endsWith('REMOTE_PORT') && /^\d+$/.test(value) ? '*' : value}`;
}

/** SCGI and uwsgi: pairs, then the body; one request a connection. */
class CgiSession extends PacketSession {
  readonly #protocol: 'scgi' | 'uwsgi';
  #opening = '';
  #pairs: [string, string][] = [];
  #body = '';

  constructor(
    socket: Socket,
    number: number,
    protocol: 'scgi' | 'uwsgi',
    scripts: readonly BackendScript[],
    values: Placeholders,
  ) {
    super(socket, number, scripts, values);
    this.#protocol = protocol;
  }

  async serve(): Promise<void> {
    if (this.#protocol === 'scgi') await this.#readNetstring();
    else await this.#readVars();
    this.requests++;
    // After an internal redirect the target is still that of the client.
    const asked = this.#value(this.#value('REDIRECT_URL') === undefined ? 'REQUEST_URI' : 'SCRIPT_NAME');
    const steps = this.stepsFor(asked ?? '', ['echo']);
    if (steps[0]?.trim() !== 'early')
      this.#body = await this.read(Number(this.#value('CONTENT_LENGTH') || 0));
    for (const step of steps) await this.perform(step);
    // Whether an answer and its end come at once decides in httpd how it is framed, so they never do.
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new SessionEnded();
  }

  protected async performOwn(verb: string, rest: string): Promise<void> {
    const head = this.#protocol === 'scgi' ? 'Status: 200 OK' : 'HTTP/1.1 200 OK';
    switch (verb) {
      case 'early':
        break;
      case 'body':
        this.#body = await this.read(Number(this.#value('CONTENT_LENGTH') || 0));
        break;
      case 'answer':
        this.write(`${head}\r\nContent-Type: text/plain\r\n\r\n${this.text(rest)}`);
        break;
      case 'echo': {
        const lines = [this.#opening, ...this.#pairs.map(shownPair)];
        if (await this.hasMore()) lines.push('(and more than there should be)');
        this.write(
          `${head}\r\nContent-Type: text/plain\r\n\r\n${lines.join('\n')}\n${shownBody(this.#body)}\n`,
        );
        break;
      }
      default:
        throw new Error(`unknown step of a backend's script: ${verb}`);
    }
  }

  #value(name: string): string | undefined {
    return this.#pairs.find(([key]) => key === name)?.[1];
  }

  /** The lengths differ with the names of ports and directories, so only what is wrong with them is told. */
  async #readNetstring(): Promise<void> {
    const length = await this.readUntil(':');
    const content = await this.read(Number.parseInt(length, 10));
    const comma = await this.read(1);
    const texts = content.split('\0');
    const isRight =
      /^[1-9]\d*:$/.test(length) && comma === ',' && texts.pop() === '' && texts.length % 2 === 0;
    this.#opening = isRight ? '(a netstring of pairs)' : `(not a netstring of pairs: ${length} ${comma})`;
    for (let i = 0; i + 1 < texts.length; i += 2) this.#pairs.push([texts[i] ?? '', texts[i + 1] ?? '']);
  }

  async #readVars(): Promise<void> {
    const head = await this.read(4);
    const content = await this.read(head.charCodeAt(1) | (head.charCodeAt(2) << 8));
    this.#opening = `(modifiers ${head.charCodeAt(0)} and ${head.charCodeAt(3)})`;
    let at = 0;
    const text = (): string => {
      const length = content.charCodeAt(at) | (content.charCodeAt(at + 1) << 8);
      at += 2 + length;
      return content.slice(at - length, at);
    };
    while (at < content.length) this.#pairs.push([text(), text()]);
    if (at !== content.length) this.#opening += ' (the last pair does not fit)';
  }
}

const AJP_PREFIX_CPING = '\x0a';
const AJP_FORWARD = '\x02';

/** AJP 1.3: packets, request after request. */
class AjpSession extends PacketSession {
  #lines: string[] = [];
  #uri = '';
  /** As the request's head announces it; a chunked body has none. */
  #announced = 0;

  async serve(): Promise<void> {
    for (;;) {
      const packet = await this.#readPacket();
      if (packet.startsWith(AJP_PREFIX_CPING)) {
        for (const step of this.stepsFor('CPING', [])) {
          if (this.#isPing(step)) await this.perform(step.slice('on-ping '.length));
        }
        if (!this.stepsFor('CPING', []).some((step) => this.#isPing(step))) this.#send('\x09');
        continue;
      }
      if (!packet.startsWith(AJP_FORWARD)) {
        // What was sent of a body that nobody waited for any more.
        this.#lines.push(`(stray packet) ${escaped(packet)}`);
        continue;
      }
      this.requests++;
      this.#readForward(packet);
      if (this.#announced > 0) await this.#readData();
      for (const step of this.stepsFor(this.#uri, ['echo'])) {
        if (!this.#isPing(step)) await this.perform(step);
      }
    }
  }

  #isPing(step: string): boolean {
    return step.trimStart().startsWith('on-ping ');
  }

  protected async performOwn(verb: string, rest: string): Promise<void> {
    switch (verb) {
      case 'echo':
        this.#send(headersPacket('200 OK | Content-Type: text/plain'));
        for (const part of pieces(`${this.#lines.join('\n')}\n`, 8000)) this.#send(bodyPacket(part));
        this.#send('\x05\x01');
        break;
      case 'answer':
        this.#send(headersPacket('200 OK | Content-Type: text/plain'));
        this.#send(bodyPacket(this.text(rest)));
        this.#send('\x05\x01');
        break;
      case 'headers':
        this.#send(headersPacket(this.text(rest)));
        break;
      case 'body':
        this.#send(bodyPacket(this.text(rest)));
        break;
      case 'end':
        this.#send(`\x05${rest === '0' ? '\0' : '\x01'}`);
        break;
      case 'get':
        this.#send(`\x06${uint16(Number(rest))}`);
        await this.#readData();
        break;
      case 'get-all':
        do this.#send(`\x06${uint16(Number(rest))}`);
        while ((await this.#readData()) > 0);
        break;
      case 'packet':
        this.#send(this.text(rest));
        break;
      default:
        throw new Error(`unknown step of a backend's script: ${verb}`);
    }
  }

  #send(content: string): void {
    this.write(`AB${uint16(content.length)}${content}`);
  }

  async #readPacket(): Promise<string> {
    const head = await this.read(4);
    if (!head.startsWith('\x12\x34')) throw new Error(`no AJP packet: ${escaped(head)}`);
    return this.read(number16(head, 2));
  }

  /** A piece of the body. Answers its length. */
  async #readData(): Promise<number> {
    const packet = await this.#readPacket();
    const length = packet === '' ? 0 : number16(packet, 0);
    const isRight = packet === '' || packet.length === length + 2;
    this.#lines.push(`data ${packet === '' ? '(empty packet)' : shownBody(packet.slice(2))}`);
    if (!isRight) this.#lines.push(`(a packet of ${packet.length} bytes says ${length})`);
    return length;
  }

  #readForward(packet: string): void {
    const reader = new PacketReader(packet);
    reader.byte();
    const lines = [`method ${reader.byte()}`];
    lines.push(`protocol ${reader.string()}`);
    this.#uri = reader.string();
    lines.push(`uri ${this.#uri}`, `remote_addr ${reader.string()}`, `remote_host ${reader.string()}`);
    lines.push(`server_name ${reader.string()}`, `port ${reader.uint16()}`, `ssl ${reader.byte()}`);
    this.#announced = 0;
    for (let left = reader.uint16(); left > 0; left--) {
      const code = reader.peek16();
      const isCoded = code >> 8 === 0xa0;
      const name = isCoded ? reader.uint16().toString(16) : reader.string();
      const value = reader.string();
      if (name === 'a008') this.#announced = Number(value);
      lines.push(`header ${name}: ${value}`);
    }
    for (;;) {
      const code = reader.byte();
      if (code === 0xff || Number.isNaN(code)) break;
      if (code === 10) {
        const name = reader.string();
        const value = reader.string();
        lines.push(`attribute ${name}=${name === 'AJP_REMOTE_PORT' && /^\d+$/.test(value) ? '*' : value}`);
      } else lines.push(`attribute ${code}: ${code === 11 ? reader.uint16() : reader.string()}`);
    }
    lines.push(reader.isAtEnd ? '(end)' : '(not at the end)');
    this.#lines = lines;
  }
}

class PacketReader {
  readonly #packet: string;
  #at = 0;

  constructor(packet: string) {
    this.#packet = packet;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#packet.length;
  }

  byte(): number {
    return this.#packet.charCodeAt(this.#at++);
  }

  peek16(): number {
    return number16(this.#packet, this.#at);
  }

  uint16(): number {
    this.#at += 2;
    return number16(this.#packet, this.#at - 2);
  }

  /** Null, with a length of 0xffff, is shown as such. */
  string(): string {
    const length = this.uint16();
    if (length === 0xffff) return '(null)';
    this.#at += length + 1;
    const text = this.#packet.slice(this.#at - length - 1, this.#at - 1);
    return this.#packet[this.#at - 1] === '\0' ? text : `${text}(without its NUL)`;
  }
}

/** `200 OK | Name: value | #3: value`: a name `#n` is sent as the code 0xA000 + n. */
function headersPacket(text: string): string {
  const [status = '', ...fields] = text.split(' | ');
  const [, code = '', reason = ''] = /^(\d+) ?(.*)$/s.exec(status) ?? [];
  let packet = `\x04${uint16(Number(code))}${string(reason)}${uint16(fields.length)}`;
  for (const field of fields) {
    const colon = field.indexOf(': ');
    const name = field.slice(0, colon);
    const coded = /^#(\d+)$/.exec(name)?.[1];
    packet += coded === undefined ? string(name) : uint16(0xa000 + Number(coded));
    packet += string(field.slice(colon + 2));
  }
  return packet;
}

function bodyPacket(text: string): string {
  return `\x03${uint16(text.length)}${text}\0`;
}

function string(text: string): string {
  return `${uint16(text.length)}${text}\0`;
}

function pieces(text: string, size: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts;
}

function escaped(text: string): string {
  return text.replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function uint16(value: number): string {
  return String.fromCharCode((value >> 8) & 255, value & 255);
}

function number16(text: string, at: number): number {
  return (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
}

import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type FcgiScript, unescapeBytes } from './case-format.ts';
import { type Backends, Listeners } from './listeners.ts';
import { fill, type Placeholders } from './site.ts';

/** One request as the backend saw it. */
interface Seen {
  readonly id: number;
  readonly keepConnection: boolean;
  readonly role: number;
  params: string;
  stdin: string;
}

const recordTypes = { begin: 1, abort: 2, end: 3, params: 4, stdin: 5, stdout: 6, stderr: 7 } as const;

/**
 * The FastCGI backends of a case: one script, answering on `${fcgi}` and on `${root}/run/fcgi.sock`.
 * It reads the protocol with code of its own, not with src/fcgi: what the server under test sends is judged here,
 * and a mistake made on both sides would never show. Parameters stay a list, so that repeated names show, too.
 */
export async function startBackends(scripts: readonly FcgiScript[], values: Placeholders): Promise<Backends> {
  if (scripts.length === 0) return { stop: () => Promise.resolve() };
  const serve = (socket: Socket): void => serveConnection(socket, scripts, values);
  return Listeners.start(async (listeners) => {
    await listeners.listen(values.ports.get('fcgi') as number, serve);
    await listeners.listen(join(values.root, 'run/fcgi.sock'), serve);
  });
}

function serveConnection(socket: Socket, scripts: readonly FcgiScript[], values: Placeholders): void {
  let buffer = '';
  let seen: Seen | undefined;
  socket.setEncoding('latin1');
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (chunk: string) => {
    buffer += chunk;
    for (;;) {
      if (buffer.length < 8) return;
      const type = buffer.charCodeAt(1);
      const length = uint16(buffer, 4);
      const total = 8 + length + buffer.charCodeAt(6);
      if (buffer.length < total) return;
      const content = buffer.slice(8, 8 + length);
      const id = uint16(buffer, 2);
      buffer = buffer.slice(total);
      if (type === recordTypes.begin) {
        const keepConnection = (content.charCodeAt(2) & 1) === 1;
        seen = { id, keepConnection, role: uint16(content, 0), params: '', stdin: '' };
      } else if (seen === undefined) {
      } else if (type === recordTypes.params) {
        seen.params += content;
      } else if (type === recordTypes.stdin && content !== '') {
        seen.stdin += content;
      } else if (type === recordTypes.stdin) {
        const request = seen;
        seen = undefined;
        answer(socket, request, scripts, values).catch((error: unknown) => socket.destroy(error as Error));
      }
    }
  });
}

async function answer(
  socket: Socket,
  request: Seen,
  scripts: readonly FcgiScript[],
  values: Placeholders,
): Promise<void> {
  const params = decodeParams(request.params);
  const uri = params.find(([name]) => name === 'REQUEST_URI')?.[1] ?? '';
  const script =
    scripts.find(({ match }) => match !== '' && uri.includes(match)) ??
    scripts.find(({ match }) => match === '');
  for (const step of script?.steps ?? ['echo']) await perform(socket, request, params, fill(step, values));
}

/** One line of a script; README.md lists them. */
async function perform(
  socket: Socket,
  request: Seen,
  params: readonly (readonly [string, string])[],
  step: string,
): Promise<void> {
  const [, verb = '', rest = ''] = /^\s*(\S+)(?: (.*))?$/.exec(step) ?? [];
  const numbers = rest.split(' ').map(Number);
  switch (verb) {
    case 'stdout':
    case 'stderr':
      for (const part of split(unescapeBytes(rest), 65528)) {
        socket.write(record(recordTypes[verb], request.id, part), 'latin1');
      }
      break;
    case 'echo':
      socket.write(record(recordTypes.stdout, request.id, echo(request, params)), 'latin1');
      end(socket, request, 0, 0);
      break;
    case 'end':
      end(socket, request, numbers[0] ?? 0, numbers[1] ?? 0);
      break;
    case 'record': {
      const [type = '', id = '', ...words] = rest.split(' ');
      const content = unescapeBytes(words.join(' '));
      socket.write(record(Number(type), id === '*' ? request.id : Number(id), content), 'latin1');
      break;
    }
    case 'bytes':
      socket.write(unescapeBytes(rest), 'latin1');
      break;
    case 'wait':
      await new Promise((resolve) => setTimeout(resolve, numbers[0]));
      break;
    case 'close':
      socket.end();
      break;
    default:
      throw new Error(`unknown step of a FastCGI script: ${step}`);
  }
}

function end(socket: Socket, request: Seen, appStatus: number, protocolStatus: number): void {
  const content = `${bytes32(appStatus)}${String.fromCharCode(protocolStatus)}\0\0\0`;
  socket.write(record(recordTypes.end, request.id, content), 'latin1');
  if (!request.keepConnection) socket.end();
}

/** What the application was given, in a stable order: httpd's order of parameters has no meaning. */
function echo(request: Seen, params: readonly (readonly [string, string])[]): string {
  const lines = params.map(([name, value]) => `${name}=${value}`).sort();
  lines.push(`(role ${request.role}, ${request.keepConnection ? 'keep' : 'close'})`);
  lines.push(`(stdin ${request.stdin.length} bytes) ${request.stdin.slice(0, 200)}`);
  return `Content-Type: text/plain\r\n\r\n${lines.join('\n')}\n`;
}

function decodeParams(stream: string): [string, string][] {
  const pairs: [string, string][] = [];
  let at = 0;
  const length = (): number => {
    const first = stream.charCodeAt(at);
    if (first < 128) {
      at += 1;
      return first;
    }
    at += 4;
    return ((first & 0x7f) << 24) | (stream.charCodeAt(at - 3) << 16) | uint16(stream, at - 2);
  };
  while (at < stream.length) {
    const name = length();
    const value = length();
    pairs.push([stream.slice(at, at + name), stream.slice(at + name, at + name + value)]);
    at += name + value;
  }
  return pairs;
}

function split(text: string, size: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts.length > 0 ? parts : [''];
}

function record(type: number, id: number, content: string): string {
  return `\x01${String.fromCharCode(type)}${bytes16(id)}${bytes16(content.length)}\0\0${content}`;
}

function uint16(text: string, at: number): number {
  return (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
}

function bytes16(value: number): string {
  return String.fromCharCode((value >> 8) & 255, value & 255);
}

function bytes32(value: number): string {
  return bytes16(value >>> 16) + bytes16(value & 0xffff);
}

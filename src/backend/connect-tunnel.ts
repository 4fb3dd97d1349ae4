/**
 * A way through another proxy: a TCP connection that asks for CONNECT first (RFC 9110 section 9.3.6; proxy_util.c: send_http_connect), and is the
 * server's own from then on. What is written meanwhile waits.
 */
import { connect, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';

export interface ConnectRequest {
  /** `host:port` of the server behind the proxy. */
  readonly authority: string;
  /** `user:password` in base64. */
  readonly credentials: string | undefined;
}

/** Bytes of the proxy's answer before it is given up. */
const MAX_ANSWER = 8192;
const END = '\r\n\r\n';

/** The proxy would not make the connection. */
export class TunnelRefusedError extends Error {
  readonly code = 'ECONNREFUSED';
}

export class ConnectTunnel extends Duplex {
  readonly #socket: Socket;
  #answer: Buffer | undefined = Buffer.alloc(0);
  #waiting: (() => void) | undefined;

  constructor(target: TcpSocketConnectOpts, request: ConnectRequest) {
    super({ allowHalfOpen: true });
    const socket = connect({ ...target, allowHalfOpen: true });
    this.#socket = socket;
    socket.on('connect', () => socket.write(head(request), 'latin1'));
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => {
      if (this.#answer === undefined) this.push(null);
      else this.destroy(new TunnelRefusedError('the proxy closed the connection'));
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  #onData(bytes: Buffer): void {
    if (this.#answer === undefined) {
      if (!this.push(bytes)) this.#socket.pause();
      return;
    }
    const answer = Buffer.concat([this.#answer, bytes]);
    this.#answer = answer;
    const end = answer.indexOf(END);
    if (end < 0) {
      if (answer.length > MAX_ANSWER)
        this.destroy(new TunnelRefusedError('the answer of the proxy has no end'));
      return;
    }
    const line = answer.toString('latin1', 0, answer.indexOf('\r\n'));
    if (!/^HTTP\/\d+\.\d+ 2\d\d/.test(line)) {
      this.destroy(new TunnelRefusedError(`the proxy answered: ${line}`));
      return;
    }
    this.#answer = undefined;
    if (end + END.length < answer.length) this.push(answer.subarray(end + END.length));
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const send = (): void => {
      this.#socket.write(chunk, done);
    };
    if (this.#answer === undefined) send();
    else this.#waiting = send;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

function head({ authority, credentials }: ConnectRequest): string {
  const proof = credentials === undefined ? '' : `Proxy-Authorization: Basic ${credentials}\r\n`;
  return `CONNECT ${authority} HTTP/1.0\r\n${proof}Proxy-agent: Apache/2.4.71 (apache-lite)\r\n\r\n`;
}

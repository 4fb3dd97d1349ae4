/**
 * One HTTP/1.x connection: requests through the lifecycle one after the other (ap_process_http_sync_connection of modules/http/http_core.c).
 * Bytes come in by connection-input.ts, answers leave by http1-answer.ts.
 */
import type { Socket } from 'node:net';
import type { ProxiedClient } from '../core/connection.ts';
import { coreServer, serverTimeout } from '../core/core-config.ts';
import { die } from '../core/errors.ts';
import type { Answer } from '../core/hooks.ts';
import { processRequest } from '../core/lifecycle.ts';
import { Level, logConnection } from '../core/log.ts';
import type { RawConnection } from '../core/raw-connection.ts';
import type { Request } from '../core/request.ts';
import type { ClientTls } from '../core/tls.ts';
import type { AddressServers } from '../core/vhosts.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import { isFailure } from '../http/body.ts';
import { checkRequest } from '../http/request-checks.ts';
import type { RequestFailure, RequestHead } from '../http/request-head.ts';
import { ConnectionDeadline, type DeadlineOwner } from './connection-deadlines.ts';
import type { ConnectionHome } from './connection-home.ts';
import { ConnectionInput, type InputHost, type Phase } from './connection-input.ts';
import { type AnswerHost, Http1Transport } from './http1-answer.ts';
import { keepAliveTimeout } from './http1-head.ts';
import { CUT_OFF, chooseServer, logFailures, makeRequest, plainAddress } from './http1-request.ts';
import { IncomingBody } from './incoming-body.ts';
import { Lingering } from './lingering.ts';
import { RequestRun, type RunHost } from './request-run.ts';
import { SendProgress } from './send-progress.ts';
import { readSocket } from './socket-reading.ts';
import { TakenConnection, takenFrom } from './taken-connection.ts';
import { dumpConnection, isDumped } from './wire-dump.ts';

/** How long a connection without a request yet may keep a server that wants to end, in milliseconds. */
const FIRST_REQUEST_GRACE = 2000;
const NOTHING = Buffer.alloc(0);

const refuse = (r: Request): Answer => die(r, 400);

let nextId = 1;

export class Http1Connection implements DeadlineOwner, AnswerHost, InputHost, RunHost {
  readonly id: number = nextId++;
  readonly remoteAddr: string;
  readonly remotePort: number;
  readonly proxiedClient: ProxiedClient | undefined;
  readonly localAddr: string;
  readonly localPort: number;
  readonly baseServer: VirtualServer;
  readonly isTls: boolean;
  readonly tls: ClientTls | undefined;
  readonly isMistakenForPlain: boolean;
  logId: string | undefined;
  keepalives = 0;
  isAborted = false;
  phase: Phase = 'idle';

  readonly #socket: Socket;
  readonly #home: ConnectionHome;
  readonly #servers: AddressServers | undefined;
  readonly #input: ConnectionInput;
  readonly #deadline: ConnectionDeadline;
  readonly #progress: SendProgress;
  readonly #lingering: Lingering;
  readonly #transport: Http1Transport;
  readonly #run: RequestRun;
  /** Milliseconds to wait for another request. */
  #keepAlive = 0;
  /** What was written last is on its way to the client, who is waited for. */
  #awaitsTaken = false;
  #taken: TakenConnection | undefined;

  /**
   * @param tls of a connection that speaks TLS; `mistaken`: it should, but began with plain HTTP.
   * @param client the user behind a proxy that has said so.
   */
  constructor(socket: Socket, home: ConnectionHome, tls?: ClientTls | 'mistaken', client?: ProxiedClient) {
    this.#socket = socket;
    this.#home = home;
    this.isMistakenForPlain = tls === 'mistaken';
    this.tls = tls === 'mistaken' ? undefined : tls;
    this.isTls = this.tls !== undefined;
    this.remoteAddr = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.proxiedClient = client;
    this.localAddr = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    this.#servers = home.configuration.vhosts.find(this.localAddr, this.localPort);
    this.baseServer = this.#servers?.first ?? home.configuration.main;
    this.#deadline = new ConnectionDeadline(this, home.wheel);
    this.#progress = new SendProgress(socket, this.tls?.wire ?? socket);
    this.#lingering = new Lingering(socket, this.#deadline, this.#progress);
    this.#transport = new Http1Transport(socket, this, this.#deadline, this.#progress);
    this.#input = new ConnectionInput(socket, this, home, this.#transport, this.#deadline);
    this.#run = new RequestRun(this, this.#transport);
    const take = (chunk: Buffer): void => this.#onData(chunk);
    if (isDumped(this)) {
      dumpConnection(socket, this);
      socket.on('data', take);
    } else readSocket(socket, take);
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.#onGone());
    socket.on('close', () => this.#onClose());
    socket.on('drain', () => this.#onDrain());
    this.#deadline.expectProgress(this.baseServer);
  }

  // ---- bytes in ----

  #onData(chunk: Buffer): void {
    switch (this.phase) {
      case 'closed':
        return;
      case 'lingering':
        this.#lingering.onData();
        return;
    }
    try {
      if (this.phase === 'taken') this.#taken?.receive(chunk);
      else this.#input.push(chunk);
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  /** For the run: the body can take (more) of what is at hand. */
  pull(): void {
    this.#input.pull();
  }

  /** Whose limits hold now. */
  get server(): VirtualServer {
    return this.#run.request?.server ?? this.baseServer;
  }

  // ---- a request ----

  /** For the input: a request has come. */
  onHead(head: RequestHead): void {
    const { strictHttp, strictHostCheck } = coreServer(this.baseServer);
    const checked = checkRequest(head, strictHttp !== false, this.isTls ? 'https' : 'http');
    if (isFailure(checked)) {
      this.onBadHead(head, checked);
      return;
    }
    const r = this.#beginRequest(head);
    logFailures(r, checked.logs);
    const { host, framing } = checked;
    const isKnown = chooseServer(r, host, this.#servers);
    if (framing.mustClose || this.#home.isDraining) r.closeConnection = true;
    if (framing.kind !== 'none') {
      const { limits, strict } = this.#home.parserOptions(r.server);
      this.#transport.body = new IncomingBody(framing, limits, strict, this.#run);
    }
    this.#transport.waitsForContinue = checked.expectsContinue;
    const isRefused = !isKnown && strictHostCheck === true && r.hostname !== undefined;
    if (isRefused) r.closeConnection = true;
    this.#run.process(r, isRefused ? refuse : processRequest);
  }

  #beginRequest(head: RequestHead): Request {
    this.phase = 'busy';
    this.#deadline.restartInput();
    const r = makeRequest(head, this.#home.configuration, this, this.#transport);
    this.#run.begin(r);
    return r;
  }

  /** A head that cannot be served is answered by the error path, and the connection ends. */
  onBadHead(head: RequestHead, failure: RequestFailure): void {
    const r = this.#beginRequest(head);
    r.closeConnection = true;
    r.closesSilently = failure.status === 417;
    logFailures(r, failure.logs);
    if (failure.detail !== undefined) r.notes.set('error-notes', failure.detail);
    this.#run.process(r, () => die(r, failure.status));
  }

  /** For the transport: the answer is whole, or given up. */
  onAnswered(): void {
    this.#run.finishWhenDone();
  }

  /** For the transport: what was received and nobody has read goes to who speaks now, and what comes. */
  handOver(): RawConnection | undefined {
    // While its body is being fed nobody knows yet where it ends.
    if (this.phase !== 'busy' || (this.#input.isFeeding && this.#transport.body.isTaken)) return undefined;
    this.phase = 'taken';
    this.#deadline.cancel();
    this.#taken = new TakenConnection(
      this.#socket,
      takenFrom(this.#transport, () => this.#destroy()),
      this.#input.takeAll(),
      this.#input.hasEnded,
    );
    return this.#taken;
  }

  /** For the run: on to the next request, or to the end. */
  onDone(r: Request): void {
    if (this.phase === 'closed') return;
    this.keepalives++;
    const { body, isKeptAlive } = this.#transport;
    if (!isKeptAlive || (this.#input.hasEnded && this.#input.size === 0)) this.linger();
    else if (body instanceof IncomingBody && !body.isFinished) this.#input.skip(body, r);
    else this.#next(r);
  }

  onSkipped(r: Request): void {
    this.#next(r);
  }

  #next(r: Request): void {
    this.#transport.shut();
    this.phase = 'idle';
    this.#keepAlive = keepAliveTimeout(r);
    this.#deadline.restartInput();
    this.#expectRequest();
    if (this.#home.isDraining && this.#input.size === 0) this.linger();
    else this.#input.next();
  }

  // ---- the socket's and the clock's other words ----

  #onDrain(): void {
    try {
      if (this.phase === 'busy') this.#deadline.expectProgress(this.server);
      this.#transport.drained();
      if (this.phase !== 'idle') return;
      // The client has its answers: its time for another request begins, which may be here already.
      this.#expectRequest();
      if (this.#input.size > 0) this.#input.pull();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  #expectRequest(): void {
    this.#deadline.expect(this.#home.isDraining ? 1 : this.#keepAlive);
  }

  onOverdue(): void {
    try {
      switch (this.phase) {
        case 'taken':
          return;
        case 'busy':
          this.#onBusyTimeout();
          return;
        case 'reading':
          this.#onSlowHead();
          return;
        case 'idle':
          if (!this.#isTaking()) this.#destroy();
          else if (!this.#awaitsTaken) this.#awaitTaken();
          return;
        default:
          if (!this.#isTaking()) this.#destroy();
      }
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  /** Something waits for the client to take it, and the client may go on: there is another look at it in time. */
  #isTaking(): boolean {
    if (this.#socket.writableLength === 0) return false;
    const left = this.#progress.left(serverTimeout(this.server));
    if (left > 0) this.#deadline.expect(left);
    else logConnection(this, 'core', Level.info, '', 'the client took no data within the time limit');
    return left > 0;
  }

  /** Answers that were given are on their way still: there is no drain where they are small. */
  #awaitTaken(): void {
    this.#awaitsTaken = true;
    this.#socket.write(NOTHING, () => {
      this.#awaitsTaken = false;
      if (this.phase === 'idle') this.#expectRequest();
    });
  }

  /** A handler may take its time; a client that neither sends nor reads may not. */
  #onBusyTimeout(): void {
    const body = this.#input.wantingBody;
    if (body !== undefined) {
      this.#deadline.logSlow('body', this.server);
      body.fail(408);
      this.#input.checkSkipped();
    } else if (this.#socket.writableLength > 0) {
      if (!this.#isTaking()) this.#destroy();
      return;
    }
    this.#deadline.expectProgress(this.baseServer);
  }

  /** A head that does not become whole in time: 408 (ap_read_request of a client that began one). */
  #onSlowHead(): void {
    this.#deadline.logSlow('header', this.baseServer);
    if (this.#input.parser.head.requestLine === '') {
      this.#endIdle();
      return;
    }
    const r = this.#beginRequest(this.#input.parser.head);
    r.closeConnection = true;
    this.#run.process(r, () => die(r, 408));
  }

  // ---- ends ----

  /** The client sends no more. A request that is being answered is answered still. */
  #onEnd(): void {
    try {
      this.#input.end();
      if (this.phase === 'taken') this.#taken?.end();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  onInputOver(): void {
    switch (this.phase) {
      case 'busy':
        this.#endBody();
        return;
      case 'reading':
        // Half a request line is nothing; a head that was begun is a bad request.
        if (this.#input.parser.head.requestLine !== '') this.onBadHead(this.#input.parser.head, CUT_OFF);
        else this.#endIdle();
        return;
      case 'idle':
        this.#endIdle();
        return;
      case 'lingering':
        if (this.#socket.writableLength === 0) this.#destroy();
    }
  }

  #endBody(): void {
    const { body } = this.#transport;
    if (!(body instanceof IncomingBody) || body.isFinished) return;
    body.fail(0);
    this.#input.checkSkipped();
  }

  /** Between requests there is nothing to lose but answers that are on their way. */
  #endIdle(): void {
    if (this.#socket.writableLength > 0) this.linger();
    else this.#destroy();
  }

  /** Says that no more comes, and lets the client read the last answer before the socket goes (ap_lingering_close). */
  linger(): void {
    this.phase = 'lingering';
    this.#transport.shut();
    this.#input.clear();
    if (this.#socket.destroyed) this.#onGone();
    else this.#lingering.begin(this.baseServer, this.#input.hasEnded);
  }

  /**
   * Ends a connection that waits for another request, and one that is busy after its answer. One that never had a request may have its first
   * one on the way: it is waited for, and answered.
   */
  close(): void {
    if (this.phase === 'idle') {
      if (this.keepalives > 0 && this.#input.size === 0) this.linger();
      else this.#deadline.expect(FIRST_REQUEST_GRACE);
    } else if (this.#run.request !== undefined) this.#run.request.closeConnection = true;
  }

  #tellTaker(): void {
    try {
      this.#taken?.gone();
    } catch (error) {
      this.#run.onDefect(error);
    }
  }

  /** Cuts the connection, whatever it is at. */
  abort(): void {
    this.#destroy();
  }

  #destroy(): void {
    this.#socket.destroy();
    this.#onGone();
  }

  /** Both sides of a connection that was taken over have ended, and nothing was lost: its taker may be busy still with what the client said. */
  #onClose(): void {
    const isWhole = this.#input.hasEnded && this.#socket.writableFinished;
    if (this.phase === 'taken' && isWhole && this.#taken?.isOver === false) return;
    this.#onGone();
  }

  #onGone(): void {
    if (this.phase === 'closed') return;
    const wasBusy = this.phase === 'busy' || this.phase === 'taken';
    this.phase = 'closed';
    this.#transport.markGone();
    this.#deadline.cancel();
    this.#input.clear();
    if (wasBusy && !this.#transport.isAnswered) {
      this.isAborted = true;
      this.#tellTaker();
      this.#run.abandon();
    }
    this.#socket.destroy();
    this.#home.onClosed(this);
  }
}

/** A transport that stands before another one: it changes what it overrides, the rest goes through. */
import type { HeaderFields } from '../http/header-fields.ts';
import type { BodyWriter, RequestBody } from './body.ts';
import type { RawConnection } from './raw-connection.ts';
import type { Request, Transport } from './request.ts';

export class PassingTransport implements Transport {
  protected behind: Transport;

  constructor(behind: Transport) {
    this.behind = behind;
  }
  get body(): RequestBody {
    return this.behind.body;
  }
  get bytesRead(): number {
    return this.behind.bytesRead ?? 0;
  }
  get bytesWritten(): number {
    return this.behind.bytesWritten ?? 0;
  }
  get abortCallback(): (() => void) | undefined {
    return this.behind.abortCallback;
  }
  sendWhole(r: Request, body: Buffer | undefined): void {
    this.behind.sendWhole(r, body);
  }
  begin(r: Request, length: number | undefined): BodyWriter {
    return this.behind.begin(r, length);
  }
  onDrain(callback: () => void): void {
    this.behind.onDrain(callback);
  }
  onAbort(callback: () => void): void {
    this.behind.onAbort(callback);
  }
  sendInterim(status: number, fields: HeaderFields, line?: string): void {
    this.behind.sendInterim(status, fields, line);
  }
  takeConnection(r: Request): RawConnection | undefined {
    return this.behind.takeConnection?.(r);
  }
}

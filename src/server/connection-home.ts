import type { Configuration } from '../core/configuration.ts';
import type { VirtualServer } from '../core/virtual-server.ts';
import type { ParserOptions } from '../http/request-head.ts';
import type { TimerWheel } from '../lib/timer-wheel.ts';
import type { Http1Connection } from './http1-connection.ts';

/** What the connections of a listener share. */
export interface ConnectionHome {
  /** The configuration new requests are served by. */
  readonly configuration: Configuration;
  readonly parserOptions: (server: VirtualServer) => ParserOptions;
  readonly wheel: TimerWheel;
  /** No further requests: answers say `Connection: close`. */
  readonly isDraining: boolean;
  onClosed(connection: Http1Connection): void;
}

/** What a running server is asked by signals (set_signals of httpd's server/mpm_unix.c). */

export type Request = 'stop' | 'graceful-stop' | 'restart' | 'graceful';

/** The signal that asks a server for something. */
export const SIGNAL_OF: Readonly<Record<Request, NodeJS.Signals>> = {
  stop: 'SIGTERM',
  'graceful-stop': 'SIGWINCH',
  restart: 'SIGHUP',
  graceful: 'SIGUSR1',
};

export interface SignalOptions {
  /** In front of a terminal: SIGINT stops. */
  readonly isForeground: boolean;
  /** -X: SIGWINCH is what a terminal sends when its window changes, and means nothing else. */
  readonly isDebug: boolean;
}

/** Calls `ask` for every request that comes by a signal, until the answer is called. */
export function listenForSignals(options: SignalOptions, ask: (request: Request) => void): () => void {
  const handlers: [NodeJS.Signals, () => void][] = [];
  const on = (signal: NodeJS.Signals, request: Request | undefined): void => {
    const handler = (): void => {
      if (request !== undefined) ask(request);
    };
    process.on(signal, handler);
    handlers.push([signal, handler]);
  };
  on(SIGNAL_OF.stop, 'stop');
  on(SIGNAL_OF.restart, 'restart');
  on(SIGNAL_OF.graceful, 'graceful');
  on(SIGNAL_OF['graceful-stop'], options.isDebug ? undefined : 'graceful-stop');
  if (options.isForeground) on('SIGINT', 'stop');
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}

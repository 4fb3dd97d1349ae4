import { createServer, type Server } from 'node:net';

/** A block of neighbouring TCP ports that no other test process uses until it is released. */
export interface PortBlock {
  /** The usable ports, ascending. */
  readonly ports: readonly number[];
  release(): Promise<void>;
}

export interface PortRange {
  /** First port of the range. */
  readonly from: number;
  /** Last port of the range, inclusive. */
  readonly to: number;
  /** Ports in one block, the guarding one included. */
  readonly blockSize: number;
}

/** Below the kernel's ephemeral range, so that no outgoing connection takes one of these ports by accident. */
export const testPorts: PortRange = { from: 21400, to: 21799, blockSize: 10 };

/**
 * Claims the first free block of the range. The last port of a block is its lock: it stays bound for as long
 * as the block is claimed, so that test processes running side by side never share one.
 * Throws when every block is taken.
 */
export async function claimPorts(range: PortRange = testPorts): Promise<PortBlock> {
  for (let start = range.from; start + range.blockSize - 1 <= range.to; start += range.blockSize) {
    const lock = await listenOrUndefined(start + range.blockSize - 1);
    if (lock === undefined) continue;
    const ports = Array.from({ length: range.blockSize - 1 }, (_, index) => start + index);
    return {
      ports,
      release: () => new Promise((resolve) => lock.close(() => resolve())),
    };
  }
  throw new Error(`no free block of ${range.blockSize} ports in ${range.from}-${range.to}`);
}

function listenOrUndefined(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      server.unref();
      resolve(server);
    });
  });
}

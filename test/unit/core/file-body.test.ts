import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BodyWriter } from '../../../src/core/body.ts';
import type { Configuration } from '../../../src/core/configuration.ts';
import type { Connection } from '../../../src/core/connection.ts';
import { sendFile } from '../../../src/core/file-body.ts';
import { cachedFile } from '../../../src/core/file-cache.ts';
import { Request, type Transport } from '../../../src/core/request.ts';
import { VirtualServer } from '../../../src/core/virtual-server.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'apache-lite-bodies-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A wire that is full after every piece, and keeps the pieces as they are; what it says of room comes at the next turn. */
class SlowWire implements BodyWriter {
  readonly pieces: Buffer[] = [];
  #drain: (() => void) | undefined;
  write(chunk: Buffer): boolean {
    this.pieces.push(chunk);
    setImmediate(() => this.#drain?.());
    return false;
  }
  end(): void {}
  abort(): void {
    throw new Error('cut');
  }
  onDrain(callback: () => void): void {
    this.#drain = callback;
  }
}

function requestOn(wire: SlowWire): Request {
  const transport = {
    begin: () => wire,
    onDrain: (callback: () => void) => wire.onDrain(callback),
    onAbort: () => undefined,
  } as unknown as Transport;
  const connection = { remoteAddr: '127.0.0.1', remotePort: 1 } as Connection;
  const server = new VirtualServer(false, [], undefined);
  return new Request({} as Configuration, connection, transport, server, new HeaderFields(), 0);
}

test.each(['a request', 'a sub-request'])('the body of a file that is not kept, to %s', async (kind) => {
  const name = path.join(folder, 'file');
  const content = Buffer.alloc(1_000_003);
  for (let at = 0; at < content.length; at++) content[at] = (at * 31) ^ (at >> 8) ^ (at >> 16);
  // Just written: read in pieces, and not kept.
  writeFileSync(name, content);
  const file = cachedFile(name, statSync(name));
  if (typeof file === 'string') throw new Error(file);
  const wire = new SlowWire();
  const r = requestOn(wire);
  if (kind === 'a sub-request') r.main = requestOn(wire);
  await sendFile(r, file);
  expect(wire.pieces.map(({ length }) => length).reduce((sum, length) => sum + length)).toBe(content.length);
  // Filters of the main request may hold what they were given beyond a drain; a socket does not.
  const isAsWritten = Buffer.concat(wire.pieces).equals(content);
  expect(isAsWritten).toBe(kind === 'a sub-request');
});

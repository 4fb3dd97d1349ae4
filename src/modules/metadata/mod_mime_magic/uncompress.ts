/** The beginning of what a compressed file holds (zmagic, uncompress of mod_mime_magic.c). */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fsPath } from '../../../core/files.ts';

interface Compression {
  readonly magic: Buffer;
  /** Content-Encoding. */
  readonly encoding: string;
}

const COMPRESSIONS: readonly Compression[] = [
  // compress, gzip, pack: the program gzip reads all of them.
  { magic: Buffer.from([0x1f, 0x9d]), encoding: 'x-compress' },
  { magic: Buffer.from([0x1f, 0x8b]), encoding: 'x-gzip' },
  { magic: Buffer.from([0x1f, 0x1e]), encoding: 'x-gzip' },
];

export function compressionOf(bytes: Buffer): Compression | undefined {
  return COMPRESSIONS.find(({ magic }) => bytes[0] === magic[0] && bytes[1] === magic[1]);
}

const NOTHING = Buffer.alloc(0);

/** Milliseconds. */
const LONGEST_RUN = 5000;

/** The first `size` bytes of what the file holds, or as many as come out; as httpd does it, by the program gzip. */
export function uncompressedStart(filename: string, size: number): Promise<Buffer> {
  return new Promise((resolve) => {
    // The file is its input: arguments of a program are text here, and a name need not be.
    let file: number;
    try {
      file = openSync(fsPath(filename), 'r');
    } catch {
      resolve(NOTHING);
      return;
    }
    const child = spawn('gzip', ['-dcq'], {
      stdio: [file, 'pipe', 'ignore'],
      timeout: LONGEST_RUN,
      killSignal: 'SIGKILL',
    });
    closeSync(file);
    const pieces: Buffer[] = [];
    let length = 0;
    child.stdout?.on('data', (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length >= size) child.kill('SIGKILL');
    });
    child.on('error', () => resolve(NOTHING));
    child.on('close', () => resolve(Buffer.concat(pieces).subarray(0, size)));
  });
}

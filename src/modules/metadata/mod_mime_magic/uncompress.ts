/** The beginning of what a compressed file holds (zmagic, uncompress of mod_mime_magic.c). */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { constants, createInflateRaw } from 'node:zlib';
import { fsPath } from '../../../core/files.ts';

interface Compression {
  readonly magic: Buffer;
  /** Content-Encoding. */
  readonly encoding: string;
  /** The first `size` bytes of what a file holds, or as many as come out. */
  readonly start: (filename: string, size: number) => Promise<Buffer>;
}

const COMPRESSIONS: readonly Compression[] = [
  // compress, gzip, pack.
  { magic: Buffer.from([0x1f, 0x9d]), encoding: 'x-compress', start: startByProgram },
  { magic: Buffer.from([0x1f, 0x8b]), encoding: 'x-gzip', start: startOfGzip },
  { magic: Buffer.from([0x1f, 0x1e]), encoding: 'x-gzip', start: startByProgram },
];

export function compressionOf(bytes: Buffer): Compression | undefined {
  return COMPRESSIONS.find(({ magic }) => bytes[0] === magic[0] && bytes[1] === magic[1]);
}

const NOTHING = Buffer.alloc(0);

/** What is read of a file at most: a header may be 64 KiB long and more, what is wanted of the content is less. */
const LONGEST_INPUT = 96 * 1024;
/** One behind the other make one content. */
const MOST_MEMBERS = 16;
const TRAILER_LENGTH = 8;

/** Member by member (RFC 1952), as Node.js's own gunzip forgets the content where something else follows it. */
async function startOfGzip(filename: string, size: number): Promise<Buffer> {
  const input = await readStart(filename);
  const pieces: Buffer[] = [];
  let left = size;
  let at = 0;
  for (let member = 0; member < MOST_MEMBERS && left > 0; member++) {
    const body = bodyOffset(input, at);
    if (body === undefined) break;
    const { output, consumed } = await inflateStart(input.subarray(body), left);
    pieces.push(output);
    left -= output.length;
    if (consumed === undefined) break;
    at = body + consumed + TRAILER_LENGTH;
  }
  return Buffer.concat(pieces);
}

async function readStart(filename: string): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(fsPath(filename));
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(LONGEST_INPUT), 0, LONGEST_INPUT, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return NOTHING;
  } finally {
    await file?.close();
  }
}

const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const UNKNOWN_FLAGS = 0xe0;

/** Where the compressed data of the member at `start` begin; undefined: there is none, or it ends before. */
function bodyOffset(input: Buffer, start: number): number | undefined {
  if (input.length < start + 12 || input.readUInt16BE(start) !== 0x1f8b || input[start + 2] !== 8)
    return undefined;
  const flags = input[start + 3] as number;
  if ((flags & UNKNOWN_FLAGS) !== 0) return undefined;
  let at = start + 10;
  if ((flags & FEXTRA) !== 0) at += 2 + input.readUInt16LE(at);
  for (const text of [FNAME, FCOMMENT]) {
    if ((flags & text) === 0) continue;
    const end = input.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if ((flags & FHCRC) !== 0) at += 2;
  return at < input.length ? at : undefined;
}

/** The first `size` bytes, and how many the whole of it took where it ends. What came out before an error counts. */
function inflateStart(
  input: Buffer,
  size: number,
): Promise<{ readonly output: Buffer; readonly consumed: number | undefined }> {
  return new Promise((resolve) => {
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 4096 });
    const pieces: Buffer[] = [];
    let length = 0;
    const finish = (consumed: number | undefined): void => {
      inflate.destroy();
      resolve({ output: Buffer.concat(pieces).subarray(0, size), consumed });
    };
    inflate.on('data', (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length >= size) finish(undefined);
    });
    inflate.on('error', () => finish(undefined));
    inflate.on('end', () => finish(inflate.bytesWritten));
    inflate.end(input);
  });
}

/** Milliseconds. */
const LONGEST_RUN = 5000;
/** Programs that run at the same time: httpd has no more than it has workers. */
const MOST_PROGRAMS = 4;

let running = 0;
const waiting: (() => void)[] = [];

/** As httpd does it, by the program gzip; there is nothing else that reads these formats. */
async function startByProgram(filename: string, size: number): Promise<Buffer> {
  // Who is called has the place of the one who called.
  if (running >= MOST_PROGRAMS) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await runGzip(filename, size);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

function runGzip(filename: string, size: number): Promise<Buffer> {
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

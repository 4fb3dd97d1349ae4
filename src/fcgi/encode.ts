/**
 * Records a web server sends (FastCGI sections 3.3, 5.1–5.4). Pure: values in, Buffers out.
 */

import {
  FCGI_VERSION,
  FLAG_KEEP_CONNECTION,
  HEADER_LENGTH,
  MAX_CONTENT_LENGTH,
  RecordType,
  Role,
} from './constants.ts';

/** Writes a record header at `offset`; returns the offset behind it. */
export function writeHeader(
  buffer: Buffer,
  offset: number,
  type: number,
  requestId: number,
  contentLength: number,
  paddingLength: number,
): number {
  buffer[offset] = FCGI_VERSION;
  buffer[offset + 1] = type;
  buffer[offset + 2] = requestId >>> 8;
  buffer[offset + 3] = requestId & 0xff;
  buffer[offset + 4] = contentLength >>> 8;
  buffer[offset + 5] = contentLength & 0xff;
  buffer[offset + 6] = paddingLength;
  buffer[offset + 7] = 0;
  return offset + HEADER_LENGTH;
}

/** The record that closes a stream (section 3.3), or an ABORT_REQUEST: a header without content. */
export function encodeEmptyRecord(type: number, requestId: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_LENGTH);
  writeHeader(buffer, 0, type, requestId, 0, 0);
  return buffer;
}

export function encodeAbortRequest(requestId: number): Buffer {
  return encodeEmptyRecord(RecordType.AbortRequest, requestId);
}

export interface RequestOpening {
  readonly requestId: number;
  readonly role: Role;
  readonly keepConnection: boolean;
  /** All pairs as made by `encodeParams`. */
  readonly params: string;
  /** All of the body; `undefined` when it follows by `encodeStream`. */
  readonly stdin: Buffer | undefined;
}

/** The header of a record without padding, as a byte string. */
function header(type: number, requestId: number, contentLength: number): string {
  return String.fromCharCode(
    FCGI_VERSION,
    type,
    requestId >>> 8,
    requestId & 0xff,
    contentLength >>> 8,
    contentLength & 0xff,
    0,
    0,
  );
}

/**
 * A whole request without a body as one byte string: BEGIN_REQUEST, PARAMS and the ends of both streams. A socket writes such a string without a
 * Buffer being made for it, which is half of what encoding costs.
 */
export function encodeBodylessRequest(requestId: number, keepConnection: boolean, params: string): string {
  const flags = keepConnection ? FLAG_KEEP_CONNECTION : 0;
  const begin = String.fromCharCode(0, Role.Responder, flags, 0, 0, 0, 0, 0);
  let text = header(RecordType.BeginRequest, requestId, HEADER_LENGTH) + begin;
  if (params.length > 0 && params.length <= MAX_CONTENT_LENGTH) {
    text += header(RecordType.Params, requestId, params.length) + params;
  } else {
    for (let from = 0; from < params.length; from += MAX_CONTENT_LENGTH) {
      const content = params.slice(from, from + MAX_CONTENT_LENGTH);
      text += header(RecordType.Params, requestId, content.length) + content;
    }
  }
  return text + header(RecordType.Params, requestId, 0) + header(RecordType.Stdin, requestId, 0);
}

const BEGIN_LENGTH = HEADER_LENGTH * 2;

function recordsFor(length: number): number {
  return Math.ceil(length / MAX_CONTENT_LENGTH);
}

/** One Buffer with BEGIN_REQUEST, PARAMS with its end, and STDIN with its end when the whole body is there. */
export function encodeRequest(opening: RequestOpening): Buffer {
  const { requestId, params, stdin } = opening;
  let size = BEGIN_LENGTH + params.length + (recordsFor(params.length) + 1) * HEADER_LENGTH;
  if (stdin !== undefined) size += stdin.length + (recordsFor(stdin.length) + 1) * HEADER_LENGTH;

  const buffer = Buffer.allocUnsafe(size);
  let offset = writeHeader(buffer, 0, RecordType.BeginRequest, requestId, HEADER_LENGTH, 0);
  buffer[offset] = opening.role >>> 8;
  buffer[offset + 1] = opening.role & 0xff;
  buffer[offset + 2] = opening.keepConnection ? FLAG_KEEP_CONNECTION : 0;
  buffer.fill(0, offset + 3, offset + 8);
  offset += HEADER_LENGTH;

  if (params.length <= MAX_CONTENT_LENGTH) {
    if (params.length > 0) {
      offset = writeHeader(buffer, offset, RecordType.Params, requestId, params.length, 0);
      offset += buffer.write(params, offset, 'latin1');
    }
  } else {
    offset = writeStream(buffer, offset, RecordType.Params, requestId, Buffer.from(params, 'latin1'));
  }
  offset = writeHeader(buffer, offset, RecordType.Params, requestId, 0, 0);
  if (stdin !== undefined) {
    offset = writeStream(buffer, offset, RecordType.Stdin, requestId, stdin);
    writeHeader(buffer, offset, RecordType.Stdin, requestId, 0, 0);
  }
  return buffer;
}

function writeStream(
  buffer: Buffer,
  start: number,
  type: number,
  requestId: number,
  content: Buffer,
): number {
  let offset = start;
  for (let from = 0; from < content.length; from += MAX_CONTENT_LENGTH) {
    const length = Math.min(content.length - from, MAX_CONTENT_LENGTH);
    offset = writeHeader(buffer, offset, type, requestId, length, 0);
    offset += content.copy(buffer, offset, from, from + length);
  }
  return offset;
}

/**
 * A piece of a stream (PARAMS, STDIN, and on the application's side STDOUT, STDERR) as records of at most 65535
 * bytes, in one Buffer; the chunk is copied and may be reused. An empty chunk gives no record: that one would close
 * the stream.
 */
export function encodeStream(type: number, requestId: number, chunk: Buffer): Buffer {
  const buffer = Buffer.allocUnsafe(chunk.length + recordsFor(chunk.length) * HEADER_LENGTH);
  writeStream(buffer, 0, type, requestId, chunk);
  return buffer;
}

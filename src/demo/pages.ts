/** The pages of the demo application: what each puts into its frame. */

import { setTimeout as pause } from 'node:timers/promises';
import type { FcgiRequest } from '../fcgi/responder-server.ts';
import { escapeHtml, table, textOfBytes } from './html.ts';
import { boundaryOf, MultipartError } from './multipart.ts';
import { inspectUpload, type UploadedFile } from './uploads.ts';

/** Nothing but the wanted answer stands between the sender and a page that says what was wrong. */
export class PageError extends Error {
  override readonly name = 'PageError';
  /** As in the Status header, such as `400 Bad Request`. */
  readonly status: string;

  constructor(status: string, message: string) {
    super(message);
    this.status = status;
  }
}

/** A page gives HTML, whole or piece by piece; each piece is sent when it is there. @throws PageError before the first */
export type Page = (request: FcgiRequest) => AsyncIterable<string> | Promise<string> | string;

/** Bytes of a form that are read into memory. */
const MAX_FORM_SIZE = 65536;
const STREAM_LINES = 18;
/** Milliseconds between two lines of the stream. */
export const STREAM_INTERVAL = 300;

/** The variables a request came with, in alphabetical order. */
export function variablesOf(request: FcgiRequest): [name: string, value: string][] {
  return [...request.params]
    .map(([name, value]): [string, string] => [textOfBytes(name), textOfBytes(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

export function variablesPage(request: FcgiRequest): string {
  const rows = variablesOf(request);
  return `<p>${rows.length} variables came with this request.</p>\n${table(['Variable', 'Value'], rows)}`;
}

export async function formPage(request: FcgiRequest): Promise<string> {
  if (request.params.get('REQUEST_METHOD') !== 'POST') return '';
  const type = request.params.get('CONTENT_TYPE') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) {
    throw new PageError('415 Unsupported Media Type', 'This page takes what its form sends.');
  }
  const body = await readAtMost(request, MAX_FORM_SIZE);
  const fields = new URLSearchParams(body.toString('utf8'));
  const name = fields.get('name')?.trim() ?? '';
  return `<section class="result" id="answer">
<h2>Hello${name === '' ? '' : `, ${escapeHtml(name)}`}!</h2>
<p>The server passed on ${countOf(body.length, 'byte')}, and this is what the application read in them:</p>
${table(['Field', 'Value'], fields)}
</section>`;
}

export async function uploadPage(request: FcgiRequest): Promise<string> {
  if (request.params.get('REQUEST_METHOD') !== 'POST') return '';
  const boundary = boundaryOf(request.params.get('CONTENT_TYPE') ?? '');
  if (boundary === undefined) {
    throw new PageError('415 Unsupported Media Type', 'This page takes multipart/form-data.');
  }
  const started = performance.now();
  try {
    const { files, fields } = await inspectUpload(request, boundary);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    const rows = fields.filter(([, value]) => value !== '');
    return `<section class="result" id="answer">
<h2>${files.length === 0 ? 'No file came' : `${countOf(files.length, 'file')} in ${seconds} s`}</h2>
${files.map(describeFile).join('\n')}
${rows.length === 0 ? '' : table(['Field', 'Value'], rows)}
</section>`;
  } catch (error) {
    if (error instanceof MultipartError)
      throw new PageError('400 Bad Request', `Not understood: ${error.message}.`);
    throw error;
  }
}

function describeFile(file: UploadedFile): string {
  return `<dl class="file">
<dt>Name</dt><dd>${escapeHtml(file.filename)}</dd>
<dt>Type</dt><dd>${escapeHtml(file.contentType ?? 'not given')}</dd>
<dt>Size</dt><dd>${countOf(file.size, 'byte')}</dd>
<dt>SHA-256</dt><dd><code>${file.sha256}</code></dd>
</dl>`;
}

/** Lines of text, one every `STREAM_INTERVAL`; ends early when nobody listens any more. */
export async function* streamLines(request: FcgiRequest): AsyncGenerator<string> {
  const started = performance.now();
  for (let line = 1; line <= STREAM_LINES; line++) {
    const passed = ((performance.now() - started) / 1000).toFixed(1);
    yield `Line ${String(line).padStart(2, ' ')} of ${STREAM_LINES}, ${passed} s after the first`;
    if (line === STREAM_LINES) return;
    try {
      await pause(STREAM_INTERVAL, undefined, { signal: request.signal });
    } catch {
      return;
    }
  }
}

export async function* streamPage(request: FcgiRequest): AsyncGenerator<string> {
  yield '<ol class="stream">\n';
  for await (const line of streamLines(request)) yield `<li>${escapeHtml(line)}</li>\n`;
  yield '</ol>\n<p>That was all. Reload the page to see it again.</p>';
}

async function readAtMost(request: FcgiRequest, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      throw new PageError('413 Content Too Large', `A form may have ${countOf(limit, 'byte')}.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function countOf(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

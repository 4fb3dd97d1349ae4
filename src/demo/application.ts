/**
 * The demo's FastCGI application: a small interpreter of `.app` files. Such a file is an HTML page with the line
 * `<!-- application -->` in it; what the page of that name makes is put there.
 *
 * Requests come in two ways, as to any FastCGI application. By SetHandler the web server has found the file and
 * SCRIPT_FILENAME names it; by ProxyPass there is no file, and the path below /api/ says what is wanted.
 */

import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { FcgiHandler, FcgiReply, FcgiRequest } from '../fcgi/responder-server.ts';
import { escapeHtml } from './html.ts';
import {
  formPage,
  type Page,
  PageError,
  streamLines,
  streamPage,
  uploadPage,
  variablesOf,
  variablesPage,
} from './pages.ts';

const MARK = '<!-- application -->';

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['variables.app', variablesPage],
  ['form.app', formPage],
  ['upload.app', uploadPage],
  ['stream.app', streamPage],
]);

/** @param directory where the `.app` files are; no other file is ever read */
export function createDemoApplication(directory: string): FcgiHandler {
  return async (request, reply) => {
    const script = request.params.get('SCRIPT_NAME') ?? '';
    if (script.startsWith('/api/')) {
      await answerApi(script.slice('/api/'.length), request, reply);
      return;
    }
    const name = posix.basename(request.params.get('SCRIPT_FILENAME') ?? '');
    const page = PAGES.get(name);
    if (page === undefined) await sendText(reply, '404 Not Found', 'There is no such application.\n');
    else await answerPage(join(directory, name), page, request, reply);
  };
}

async function answerPage(file: string, page: Page, request: FcgiRequest, reply: FcgiReply): Promise<void> {
  const text = await readFile(file, 'utf8');
  const mark = text.indexOf(MARK);
  if (mark === -1) throw new Error(`${file} has no line ${MARK}`);
  const before = text.slice(0, mark);
  const after = text.slice(mark + MARK.length);
  let status = '200 OK';
  let content: string | AsyncIterable<string>;
  try {
    content = await page(request);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    status = error.status;
    content = `<section class="result problem" id="answer"><h2>${escapeHtml(status)}</h2>
<p>${escapeHtml(error.message)}</p></section>`;
  }
  await send(
    reply,
    `Status: ${status}\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n`,
  );
  if (isHead(request)) {
    reply.end();
    return;
  }
  await send(reply, before);
  if (typeof content === 'string') await send(reply, content);
  else for await (const piece of content) await send(reply, piece);
  reply.end(after);
}

/** The answers for programs: `curl -N http://localhost:8080/api/stream`. */
async function answerApi(what: string, request: FcgiRequest, reply: FcgiReply): Promise<void> {
  if (what === 'variables') {
    const variables = JSON.stringify(Object.fromEntries(variablesOf(request)), undefined, 2);
    reply.end(`Content-Type: application/json\r\nCache-Control: no-store\r\n\r\n${variables}\n`);
  } else if (what === 'stream') {
    await send(reply, 'Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n');
    if (!isHead(request)) for await (const line of streamLines(request)) await send(reply, `${line}\n`);
    reply.end();
  } else {
    await sendText(reply, '404 Not Found', 'Try /api/variables or /api/stream.\n');
  }
}

/** RFC 3875 section 4.3.3: a HEAD request is answered without a body. */
function isHead(request: FcgiRequest): boolean {
  return request.params.get('REQUEST_METHOD') === 'HEAD';
}

async function sendText(reply: FcgiReply, status: string, text: string): Promise<void> {
  await send(reply, `Status: ${status}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}`);
  reply.end();
}

/** Resolves when the connection has taken the text, so that a slow reader slows the page down; at once when it is gone. */
function send(reply: FcgiReply, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (reply.destroyed || reply.writableEnded) resolve();
    else reply.write(text, () => resolve());
  });
}

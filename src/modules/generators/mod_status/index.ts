/**
 * mod_status: what the server is doing (modules/generators/mod_status.c). A process tells of itself; the table of httpd's child processes has no
 * counterpart. Other modules add sections of their own (core/status-section.ts).
 */

import { coreServer } from '../../../core/core-config.ts';
import type { Answer } from '../../../core/hooks.ts';
import { REALLY_LAST } from '../../../core/hooks.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { sendBuffer, sendHead } from '../../../core/response.ts';
import { bannerOf, mpmName, serverName, serverPort, serverSignature } from '../../../core/server-identity.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { STATUS_SECTION, type StatusSection } from '../../../core/status-section.ts';
import { now } from '../../../lib/clock.ts';
import { type Facts, htmlPage, textPage } from './page.ts';
import { Scoreboard, type Slot } from './scoreboard.ts';

const HANDLER = 'server-status';
const OLD_TYPE = 'application/x-httpd-status';
const DEFAULT_REFRESH = 10;

/** One for the process: it outlives reloads. */
const board = new Scoreboard();

function noteBegin(r: Request): number {
  if (r.prev === undefined) {
    const slot = board.begin(r, `${r.server.hostname}:${serverPort(r)}`);
    r.setState(modStatus.index, slot);
  }
  return DECLINED;
}

function noteEnd(r: Request): void {
  const slot = r.getState(modStatus.index) as Slot | undefined;
  r.setState(modStatus.index, undefined);
  board.end(r, slot, r.final.bytesSent, now());
}

function showStatus(r: Request): Answer {
  if (r.handler !== HANDLER && r.handler !== OLD_TYPE) return DECLINED;
  r.allowed.add('GET');
  if (r.method !== 'GET' && r.method !== 'HEAD') return DECLINED;
  const args = r.args ?? '';
  const isText = args.includes('auto');
  r.contentType = isText ? 'text/plain; charset=ISO-8859-1' : 'text/html; charset=ISO-8859-1';
  const refresh = /refresh(?:=(\d{0,9}))?/.exec(args);
  if (refresh !== null)
    r.headersOut.set('Refresh', String(Math.max(1, Number(refresh[1] || DEFAULT_REFRESH))));
  const facts = factsOf(r, isText);
  const page = isText ? textPage(board, facts) : htmlPage(board, facts, !args.includes('notable'));
  if (r.headerOnly) {
    r.headersOut.set('Content-Length', String(page.length));
    sendHead(r);
    return OK;
  }
  sendBuffer(r, Buffer.from(page, 'latin1'));
  return OK;
}

function factsOf(r: Request, isText: boolean): Facts {
  const conf = coreServer(r.configuration.main);
  return {
    name: serverName(r),
    address: r.connection.localAddr,
    version: bannerOf(r),
    signature: serverSignature(r, '<hr />\n'),
    mpm: mpmName(r.configuration),
    built: new Date(board.started).toISOString().slice(0, 19),
    // Loading the module turns it on.
    isExtended: conf.extendedStatus !== false,
    seesTail: conf.seeRequestTail === true,
    sections: sectionsOf(r, isText),
    now: Date.now(),
  };
}

function sectionsOf(r: Request, isText: boolean): string {
  const sections = r.configuration.providers.all(STATUS_SECTION) as readonly StatusSection[];
  return sections.map((section) => section(r, isText)).join('');
}

export const modStatus = defineModule<object, object>({
  name: 'status_module',
  file: 'mod_status.c',
  hooks: {
    postReadRequest: noteBegin,
    handler: showStatus,
    logTransaction: { run: noteEnd, order: REALLY_LAST },
  },
  always: true,
  postConfig: () => {
    board.generation++;
  },
});

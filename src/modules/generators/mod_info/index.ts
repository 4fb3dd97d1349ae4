/**
 * mod_info: what the server is made of and configured with (modules/generators/mod_info.c). Left out: what there is nothing of here, which is the
 * versions of libraries, compile-time settings, and hooks outside of requests; and -DDUMP_CONFIG.
 */
import { type AnyRow, RSRC_CONF } from '../../../config/directive.ts';
import type { Answer } from '../../../core/hooks.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { sendBuffer, sendHead } from '../../../core/response.ts';
import { serverSignature } from '../../../core/server-identity.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { escapeHtml } from '../../../http/escape.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { listConfiguration } from './config-list.ts';
import { moduleList, modulePage, modulesOf, providers, requestHooks, serverSettings } from './sections.ts';

export interface InfoServerConf {
  /** AddModuleInfo: module, text. */
  notes?: readonly (readonly [module: string, text: string])[];
}

const directives: readonly AnyRow<InfoServerConf, object>[] = [
  {
    name: 'AddModuleInfo',
    shape: 'TAKE2',
    where: RSRC_CONF,
    usage: 'a module name and additional information on that module',
    apply: (cmd, name, text) => void (cmd.server.notes = [...(cmd.server.notes ?? []), [name, text]]),
  },
];

const HEAD = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
  <title>Server Information</title>
</head>
<body><h1 style="text-align: center">Apache Server Information</h1>
`;

const INDEX =
  '<dl><dt><tt>Subpages:<br /><a href="?config">Configuration Files</a>, <a href="?server">Server Settings</a>, <a href="?list">Module List</a>, <a href="?hooks">Active Hooks</a>, <a href="?providers">Available Providers</a></tt></dt></dl><hr /><dl><dt><tt>Sections:<br /><a href="#modules">Loaded Modules</a>, <a href="#server">Server Settings</a>, <a href="#request_hooks">Request Hooks</a>, <a href="#providers">Providers</a></tt></dt></dl><hr />';

/** Everything, or what the query names. */
function bodyOf(r: Request): string {
  const { configuration } = r;
  const notesOf = (file: string): string[] =>
    (modInfo.server(r.server).notes ?? []).filter(([name]) => name === file).map(([, text]) => text);
  if (r.args === undefined) return wholePage(r, notesOf);
  switch (asciiLower(r.args)) {
    case 'config':
      return `<dl><dt><strong>Configuration:</strong>\n${listConfiguration(configuration, () => true)}</dl><hr />`;
    case 'server':
      return serverSettings(r);
    case 'list':
      return moduleList(configuration);
    case 'hooks':
      return requestHooks(configuration, '?');
    case 'providers':
      return providers(configuration);
  }
  const wanted = asciiLower(r.args);
  const module = modulesOf(configuration).find(({ file }) => asciiLower(file) === wanted);
  return module === undefined ? '' : modulePage(configuration, module, notesOf(module.file));
}

function wholePage(r: Request, notesOf: (file: string) => string[]): string {
  const { configuration } = r;
  const modules = modulesOf(configuration);
  const links = modules.map(({ file }) => `<a href="#${escapeHtml(file)}">${escapeHtml(file)}</a>, `);
  const list = `<h2><a name="modules">Loaded Modules</a></h2><dl><dt><tt>${links.join('')}</tt></dt></dl><hr />`;
  const pages = modules.map((module) => modulePage(configuration, module, notesOf(module.file)));
  const parts = [serverSettings(r), requestHooks(configuration, '#'), providers(configuration)];
  return INDEX + list + parts.join('') + pages.join('');
}

/** display_info() */
function showInfo(r: Request): Answer {
  if (r.handler !== 'server-info') return DECLINED;
  r.allowed.add('GET');
  if (r.method !== 'GET' && r.method !== 'HEAD') return DECLINED;
  r.contentType = 'text/html; charset=ISO-8859-1';
  const page = `${HEAD}${bodyOf(r)}${serverSignature(r, '')}</body></html>\n`;
  if (r.headerOnly) {
    r.headersOut.set('Content-Length', String(page.length));
    sendHead(r);
    return OK;
  }
  sendBuffer(r, Buffer.from(page, 'latin1'));
  return OK;
}

export const modInfo = defineModule<InfoServerConf>({
  name: 'info_module',
  file: 'mod_info.c',
  directives,
  mergeServer: (base, add) => ({ notes: [...(base.notes ?? []), ...(add.notes ?? [])] }),
  hooks: { handler: showInfo },
  always: true,
});

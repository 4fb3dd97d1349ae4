/**
 * mod_rewrite: URLs rewritten by rules (modules/mappers/mod_rewrite.c). Rules outside of sections are applied while the name is translated, those
 * of sections and .htaccess files in the fixups; a URL that the latter make is a new request, by an internal redirect.
 *
 * Not supported: maps of the types dbd and fastdbd (there is no mod_dbd), which are configuration errors.
 */
import type { ServerConfigs } from '../../../config/apply.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { type Answer, FIRST, LAST, MIDDLE } from '../../../core/hooks.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { mergeDir, mergeServer, type RewriteDirConf, type RewriteServerConf } from './conf.ts';
import { REDIRECT_HANDLER, redirectToUrl, rewriteInDirectory } from './directory-rules.ts';
import { HANDLER_NOTE, TYPE_NOTE } from './effects.ts';
import type { MapProgram } from './map-program.ts';
import { traceLevel, traceRequest } from './pass.ts';
import { directives } from './rows.ts';
import { rewriteUrl } from './server-rules.ts';

function translateByRules(r: Request): Answer {
  const dir = modRewrite.dir(r);
  if (dir.engine !== true) return DECLINED;
  const server = modRewrite.server(r.server);
  // A virtual host that says nothing of rewriting has the main server's rules and does not use them.
  return server.owner === r.server ? rewriteUrl(r, server, dir) : DECLINED;
}

function fixupByRules(r: Request): Answer {
  const dir = modRewrite.dir(r);
  if (dir.engine !== true || dir.directory === undefined) return DECLINED;
  return rewriteInDirectory(r, modRewrite.server(r.server), dir, dir.directory);
}

function isOff(r: Request): boolean {
  const { engine, directory } = modRewrite.dir(r);
  return engine !== true || directory === undefined;
}

/** What [T=] and [H=] said goes over what was found by the file's name (hook_mimetype). */
function fixupType(r: Request): number {
  const type = r.getNote(TYPE_NOTE);
  if (type !== undefined) {
    if (traceLevel(r) >= 1)
      traceRequest(r, 1, undefined, `force filename ${r.filename} to have MIME-type '${type}'`);
    r.contentType = type;
  }
  const handler = r.getNote(HANDLER_NOTE);
  if (handler !== undefined) {
    if (traceLevel(r) >= 1)
      traceRequest(r, 1, undefined, `force filename ${r.filename} to have the Content-handler '${handler}'`);
    r.handler = handler;
  }
  return OK;
}

function handleRedirect(r: Request): Answer {
  return r.handler === REDIRECT_HANDLER ? redirectToUrl(r) : DECLINED;
}

function* programsOf(
  configuration: Configuration,
): Generator<readonly [program: MapProgram, isWanted: boolean]> {
  for (const server of [configuration.main, ...configuration.virtualServers]) {
    const conf: Readonly<RewriteServerConf> = modRewrite.server(server);
    for (const map of conf.maps?.values() ?? []) {
      if (map.kind === 'program') yield [map.program, conf.engine === true];
    }
  }
}

/** Programs run only where a server that knows them has its engine on (run_rewritemap_programs). */
function choosePrograms(configuration: Configuration): void {
  for (const [program, isWanted] of programsOf(configuration)) program.isWanted ||= isWanted;
}

function startPrograms(configuration: Configuration): void {
  for (const [program] of programsOf(configuration)) program.begin(configuration.main);
}

function stopPrograms(configuration: Configuration): void {
  for (const [program] of programsOf(configuration)) program.stop();
}

export const modRewrite = defineModule<RewriteServerConf, RewriteDirConf>({
  name: 'rewrite_module',
  file: 'mod_rewrite.c',
  directives,
  mergeServer,
  mergeDir,
  postConfig: choosePrograms,
  begin: startPrograms,
  retire: stopPrograms,
  hooks: {
    translateName: {
      run: translateByRules,
      order: FIRST,
      before: ['mod_proxy.c'],
      isNeeded: (server: Pick<ServerConfigs, 'slots'>): boolean => modRewrite.server(server).owner === server,
    },
    fixups: [
      // Before mod_proxy, which makes the URL of a backend canonical, whoever it comes from.
      { run: alikeForFiles(fixupByRules, isOff), order: FIRST, before: ['mod_proxy.c'] },
      { run: alikeForFiles(fixupType), order: LAST },
    ],
    handler: { run: handleRedirect, order: MIDDLE },
  },
});

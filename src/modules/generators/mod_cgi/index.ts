/**
 * mod_cgi and mod_cgid: programs that answer (modules/generators/mod_cgi.c, mod_cgid.c). Both start the script from the server itself; there is no
 * daemon, and ScriptSock has no effect. Scripts that write the whole answer themselves (nph-) get the client's connection.
 */
import { ProgramEnvironment } from '../../../cgi/program.ts';
import { addCgiVariables } from '../../../cgi/variables.ts';
import { allowedOptions, coreDir, OPT_EXECCGI, serverTimeout } from '../../../core/core-config.ts';
import type { Answer } from '../../../core/hooks.ts';
import { INCLUDE_ELEMENT } from '../../../core/include-element.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule, type Module } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { pathTranslated, scriptRequest } from '../../../core/script-request.ts';
import { DECLINED } from '../../../core/status.ts';
import { decodePercent, escapeShell } from '../../../http/escape.ts';
import { cgidRows, cgiRows, type DirConf, type ServerConf } from './conf.ts';
import { execElement } from './include-exec.ts';
import { logScript } from './script-log.ts';
import { runScript } from './script-run.ts';

const HANDLER = 'cgi-script';
const OLD_TYPE = 'application/x-httpd-cgi';

/** The numbers of the two modules' log lines. */
interface Flavour {
  readonly name: string;
  readonly module: () => Module<ServerConf, DirConf>;
  readonly execOff: string;
  readonly isNph: string;
  readonly isMissing: string;
  readonly isDirectory: string;
  readonly pathRefused: string;
}

function handlerOf(flavour: Flavour): (r: Request) => Answer {
  return (r) => {
    if (r.handler !== HANDLER && r.handler !== OLD_TYPE) return DECLINED;
    const refused = refusal(r, flavour);
    if (refused !== undefined) return refuse(r, flavour, refused);
    const translated = pathTranslated(r);
    return translated instanceof Promise
      ? translated.then((path) => run(r, flavour, path))
      : run(r, flavour, translated);
  };
}

type Refusal = readonly [status: number, tag: string, why: string];

/** Why the script may not be run, if it may not (cgi_handler). */
function refusal(r: Request, flavour: Flavour): Refusal | undefined {
  const isAliased = r.getNote('alias-forced-type') === HANDLER;
  if ((allowedOptions(coreDir(r)) & OPT_EXECCGI) === 0 && !isAliased) {
    return [403, flavour.execOff, 'Options ExecCGI is off in this directory'];
  }
  if (r.finfo === undefined) return [404, flavour.isMissing, 'script not found or unable to stat'];
  if (r.finfo.isDirectory()) return [403, flavour.isDirectory, 'attempt to invoke directory as script'];
  if (r.usedPathInfo === 'reject' && r.pathInfo !== '') {
    return [404, flavour.pathRefused, "AcceptPathInfo off disallows user's path"];
  }
  if (isRaw(r) && r.protocol === 'INCLUDED') return [403, flavour.isNph, 'attempt to include NPH CGI script'];
  return undefined;
}

/** By its name the script says that it writes the whole answer, status line and all. */
function isRaw({ filename }: Request): boolean {
  return filename?.startsWith('nph-', filename.lastIndexOf('/') + 1) === true;
}

function refuse(r: Request, flavour: Flavour, [status, tag, why]: Refusal): number {
  logRequest(r, flavour.name, Level.error, tag, `stderr from ${r.filename}: ${why}`);
  logScript(r, flavour.module().server(r.server), { status, error: why });
  return status;
}

function timeoutOf(r: Request, module: Module<ServerConf, DirConf>): number {
  return module.dir(r).timeout ?? serverTimeout(r.server);
}

/** The element that pages with server-side includes have from the module. */
const includeElements = (flavour: Flavour): Readonly<Record<string, Readonly<Record<string, unknown>>>> => ({
  [INCLUDE_ELEMENT]: {
    exec: execElement({
      module: flavour.name,
      type: OLD_TYPE,
      timeout: (r) => timeoutOf(r, flavour.module()),
    }),
  },
});

function run(r: Request, flavour: Flavour, translated: string | undefined): Promise<number> {
  const filename = r.filename ?? '';
  const module = flavour.module();
  return runScript(r, {
    filename,
    args: argumentsOf(r.args),
    directory: filename.slice(0, filename.lastIndexOf('/') + 1),
    environment: environmentOf(r, translated),
    timeout: timeoutOf(r, module),
    module: flavour.name,
    conf: module.server(r.server),
    isRaw: isRaw(r),
  });
}

/** An indexed query (RFC 3875 section 4.4): words between `+`, when no `=` makes it a form. Scripts may hand them to a shell as they are. */
export function argumentsOf(args: string | undefined): string[] {
  if (args === undefined || args === '' || args.includes('=')) return [];
  return args.split('+').map((word) => escapeShell(decodePercent(word).split('\0', 1)[0] as string));
}

function environmentOf(r: Request, translated: string | undefined): ProgramEnvironment {
  const environment = new ProgramEnvironment();
  addCgiVariables(scriptRequest(r, translated), (name, value) => environment.add(name, value));
  return environment;
}

const CGI: Flavour = {
  name: 'cgi',
  module: () => modCgi,
  execOff: 'AH02809',
  isNph: 'AH02810',
  isMissing: 'AH02811',
  isDirectory: 'AH02812',
  pathRefused: 'AH02813',
};
const CGID: Flavour = {
  name: 'cgid',
  module: () => modCgid,
  execOff: 'AH01262',
  isNph: 'AH01263',
  isMissing: 'AH01264',
  isDirectory: 'AH01265',
  pathRefused: 'AH01266',
};

const mergeServer = (base: ServerConf, add: ServerConf): ServerConf =>
  add.logName === undefined ? base : add;
const mergeDir = (base: DirConf, add: DirConf): DirConf => ({ ...base, ...add });

export const modCgi: Module<ServerConf, DirConf> = defineModule<ServerConf, DirConf>({
  name: 'cgi_module',
  file: 'mod_cgi.c',
  directives: cgiRows,
  mergeServer,
  mergeDir,
  hooks: { handler: handlerOf(CGI) },
  always: true,
  providers: includeElements(CGI),
});

export const modCgid: Module<ServerConf, DirConf> = defineModule<ServerConf, DirConf>({
  name: 'cgid_module',
  file: 'mod_cgid.c',
  directives: cgidRows,
  mergeServer,
  mergeDir,
  hooks: { handler: handlerOf(CGID) },
  always: true,
  providers: includeElements(CGID),
});

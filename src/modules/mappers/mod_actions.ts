/** mod_actions: scripts that answer for a content type, a handler or a method (modules/mappers/mod_actions.c). Complete. */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../config/directive.ts';
import { coreServerOf, isRegisteredMethod } from '../../core/core-config.ts';
import { type Answer, LAST } from '../../core/hooks.ts';
import { redirectInternally } from '../../core/internal-redirect.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED } from '../../core/status.ts';
import { escapeUri } from '../../http/escape.ts';
import { asciiLower } from '../../lib/ascii.ts';

interface Action {
  readonly script: string;
  /** The file need not exist. */
  readonly isVirtual: boolean;
}

export interface ActionsDirConf {
  /** By content type or handler, in lower case. */
  actions?: Map<string, Action>;
  /** By method. */
  scripts?: Map<string, string>;
}
type Cmd = Command<object, ActionsDirConf>;

function addAction(cmd: Cmd, type: string, script: string, option: string | undefined): ApplyResult {
  if (option !== undefined && asciiLower(option) !== 'virtual') return `unrecognized option '${option}'`;
  (cmd.dir.actions ??= new Map()).set(asciiLower(type), { script, isVirtual: option !== undefined });
  return undefined;
}

function setScript(cmd: Cmd, method: string, script: string): ApplyResult {
  if (method === 'TRACE') return 'TRACE not allowed for Script';
  if (!isRegisteredMethod(cmd.mainServer, method)) {
    const main = coreServerOf({ serverConfigs: cmd.mainServer });
    main.registeredMethods = [...(main.registeredMethods ?? []), method];
  }
  // HEAD is a GET without a body: httpd has one number for the two.
  (cmd.dir.scripts ??= new Map()).set(method === 'HEAD' ? 'GET' : method, script);
  return undefined;
}

export function mergeDir(base: ActionsDirConf, add: ActionsDirConf): ActionsDirConf {
  const merged: ActionsDirConf = { ...base, ...add };
  if (base.actions !== undefined && add.actions !== undefined)
    merged.actions = new Map([...base.actions, ...add.actions]);
  if (base.scripts !== undefined && add.scripts !== undefined)
    merged.scripts = new Map([...base.scripts, ...add.scripts]);
  return merged;
}

const directives: readonly AnyRow<object, ActionsDirConf>[] = [
  {
    name: 'Action',
    shape: 'TAKE23',
    where: OR_FILEINFO,
    usage: 'a media type followed by a script name',
    apply: addAction,
  },
  {
    name: 'Script',
    shape: 'TAKE2',
    where: ACCESS_CONF | RSRC_CONF,
    usage: 'a method followed by a script name',
    apply: setScript,
  },
];

/** The script of the request's method: for GET only with a query. */
function scriptOfMethod(r: Request, scripts: ReadonlyMap<string, string> | undefined): string | undefined {
  if (scripts === undefined) return undefined;
  const isGet = r.method === 'GET' || r.method === 'HEAD';
  if (isGet && r.args === undefined) return undefined;
  return scripts.get(isGet ? 'GET' : r.method);
}

/** The handler, or the content type where there is none. */
function handlerOf(r: Request): string | undefined {
  if (r.handler !== undefined) return r.handler;
  const { contentType } = r;
  if (contentType === undefined || r.isTypeInherited) return undefined;
  const end = contentType.indexOf(';');
  return end < 0 ? contentType : contentType.slice(0, end).trimEnd();
}

/** action_handler() */
function handleAction(r: Request): Answer {
  const { actions, scripts } = modActions.dir(r);
  if (actions === undefined && scripts === undefined) return DECLINED;
  let script = scriptOfMethod(r, scripts);
  // A script that is no program would be handed to itself for ever.
  if (script !== undefined && r.prev?.prev !== undefined) return DECLINED;
  const handler = handlerOf(r);
  const action = handler === undefined ? undefined : actions?.get(asciiLower(handler));
  if (handler !== undefined && action !== undefined) {
    if (!action.isVirtual && r.finfo === undefined) {
      logRequest(r, 'actions', Level.error, 'AH00652', `File does not exist: ${r.filename}`);
      return 404;
    }
    script = action.script;
    r.env.set('HANDLER', handler);
    if (action.isVirtual) r.notes.set('virtual_script', '1');
  }
  if (script === undefined) return DECLINED;
  const query = r.args === undefined ? '' : `?${r.args}`;
  return redirectInternally(r, script + escapeUri(r.uri) + query, undefined, r.contentType);
}

export const modActions = defineModule<object, ActionsDirConf>({
  name: 'actions_module',
  file: 'mod_actions.c',
  directives,
  mergeDir,
  hooks: { handler: { run: handleAction, order: LAST } },
});

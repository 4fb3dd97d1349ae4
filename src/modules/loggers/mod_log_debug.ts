/**
 * mod_log_debug: messages of the configuration's own in the error log (modules/loggers/mod_log_debug.c). Complete, but
 * for the quick_handler hook of sub-requests: it is the end of post-read-request here, which sub-requests do not have.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  RSRC_CONF,
} from '../../config/directive.ts';
import { evaluateBoolean, evaluateText, RequestExprContext } from '../../core/expression-context.ts';
import { type Answer, FIRST, type Hook, type PlacedHook, REALLY_LAST } from '../../core/hooks.ts';
import { isLogged, Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED } from '../../core/status.ts';
import { httpdLine } from '../../diagnostics/render.ts';
import { type BooleanExpr, compileBoolean, compileString, type StringExpr } from '../../expr/index.ts';

const HOOKS = [
  'log_transaction',
  'quick_handler',
  'handler',
  'pre_translate_name',
  'translate_name',
  'map_to_storage',
  'fixups',
  'type_checker',
  'check_access',
  'check_access_ex',
  'check_authn',
  'check_authz',
  'insert_filter',
] as const;
type HookName = (typeof HOOKS)[number];

interface Entry {
  readonly hook: HookName | 'all';
  readonly condition: BooleanExpr | undefined;
  readonly message: StringExpr;
  /** `file:line` of the directive. */
  readonly place: string;
}

interface DirConf {
  entries?: Entry[];
}
type Cmd = Command<object, DirConf>;

function logMessage(cmd: Cmd, text: string, ...options: readonly (string | undefined)[]): ApplyResult {
  const message = compileString(text);
  if (!message.ok) return `Could not parse message expression '${text}': ${message.error.message}`;
  let hook: Entry['hook'] = 'log_transaction';
  let condition: BooleanExpr | undefined;
  for (const option of options) {
    if (option === undefined) continue;
    if (/^hook=/i.test(option)) {
      const name = option.slice(5);
      const known = (['all', ...HOOKS] as const).find((one) => one === name.toLowerCase());
      if (known === undefined) return `Invalid hook name: ${name}`;
      hook = known;
    } else if (/^expr=/i.test(option)) {
      const source = option.slice(5);
      const compiled = compileBoolean(source);
      if (!compiled.ok) return `Could not parse expression '${source}': ${compiled.error.message}`;
      condition = compiled.expr;
    } else {
      return `Invalid argument ${option}`;
    }
  }
  const place = `${cmd.node.span.source.name}:${httpdLine(cmd.node.span)}`;
  (cmd.dir.entries ??= []).push({ hook, condition, message: message.expr, place });
  return undefined;
}

const directives: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'LogMessage',
    shape: 'TAKE123',
    where: ACCESS_CONF | RSRC_CONF,
    usage: 'Log a debug message to the error log if this config block is used for  a request',
    apply: logMessage,
  },
];

/** Writes what is to be said at a hook; waits only for a condition that needs a sub-request. */
function logAt(r: Request, hook: HookName): void | Promise<void> {
  const { entries } = modLogDebug.dir(r);
  if (entries === undefined || !isLogged(r, 'log_debug', Level.info)) return undefined;
  return logFrom(r, entries, hook, 0);
}

function logFrom(r: Request, entries: readonly Entry[], hook: HookName, from: number): void | Promise<void> {
  for (let i = from; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (entry.hook !== hook && entry.hook !== 'all') continue;
    const holds = test(r, entry);
    if (typeof holds !== 'boolean') {
      return holds.then((value) => {
        if (value) write(r, entry, hook);
        return logFrom(r, entries, hook, i + 1);
      });
    }
    if (holds) write(r, entry, hook);
  }
  return undefined;
}

function test(r: Request, { condition }: Entry): boolean | Promise<boolean> {
  if (condition === undefined) return true;
  const failed = (reason: string): void => report(r, 'AH00640', "Can't evaluate condition", reason);
  // Looking at a header for a log line makes no answer depend on it.
  return evaluateBoolean(condition, r, failed, new RequestExprContext(r, false));
}

function write(r: Request, { message, place }: Entry, hook: HookName): void {
  const text = evaluateText(message, r, (reason) =>
    report(r, 'AH00641', "Can't evaluate message expression", reason),
  );
  if (text === undefined) return;
  const origin = isLogged(r, 'log_debug', Level.debug) ? ` (${hook} hook, ${place})` : '';
  logRequest(r, 'log_debug', Level.info, '', text + origin);
}

function report(r: Request, tag: string, what: string, reason: string): void {
  logRequest(r, 'log_debug', Level.error, tag, `${what}: ${reason}`);
}

function hookAt(name: HookName, order = FIRST): PlacedHook<Hook> {
  const run = (r: Request): Answer => logAt(r, name)?.then(() => DECLINED) ?? DECLINED;
  return { run, order };
}

export const modLogDebug = defineModule<object, DirConf>({
  name: 'log_debug_module',
  file: 'mod_log_debug.c',
  directives,
  mergeDir: (base, add) => ({ entries: [...(base.entries ?? []), ...(add.entries ?? [])] }),
  hooks: {
    postReadRequest: hookAt('quick_handler', REALLY_LAST),
    preTranslateName: hookAt('pre_translate_name'),
    translateName: hookAt('translate_name'),
    mapToStorage: hookAt('map_to_storage'),
    accessChecker: hookAt('check_access'),
    accessCheckerEx: hookAt('check_access_ex'),
    checkUserId: hookAt('check_authn'),
    authChecker: hookAt('check_authz'),
    typeChecker: hookAt('type_checker'),
    fixups: hookAt('fixups'),
    insertFilter: { run: (r) => void logAt(r, 'insert_filter'), order: FIRST },
    handler: hookAt('handler'),
    logTransaction: { run: (r) => void logAt(r, 'log_transaction'), order: FIRST },
  },
});

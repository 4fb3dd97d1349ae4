/** mod_allowmethods: which methods may be used somewhere (modules/aaa/mod_allowmethods.c). Complete. */
import { ACCESS_CONF, type AnyRow, type ApplyResult, type Command } from '../../config/directive.ts';
import { isRegisteredMethod } from '../../core/core-config.ts';
import { type Answer, REALLY_FIRST } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { MethodScope } from '../../core/method-scope.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED } from '../../core/status.ts';

interface DirConf {
  /** Undefined: nothing said here. Null: `reset`, every method. */
  allowed?: MethodScope | null;
}
type Cmd = Command<object, DirConf>;

/** What several lines of one section name adds up; `reset` alone on its line forgets the ones before it. */
function allowMethods(cmd: Cmd, words: readonly string[]): ApplyResult {
  const [first] = words;
  if (first === undefined) return "AllowMethods: No method or 'reset' keyword given";
  if (words.length === 1 && first.toLowerCase() === 'reset') {
    cmd.dir.allowed = null;
    return undefined;
  }
  const invalid = words.find((method) => !isRegisteredMethod(cmd.mainServer, method));
  if (invalid !== undefined) return `AllowMethods: Invalid Method '${invalid}'`;
  const named = new MethodScope(words, false);
  cmd.dir.allowed = cmd.dir.allowed?.or(named) ?? named;
  return undefined;
}

const directives: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AllowMethods',
    shape: 'TAKE_ARGV',
    where: ACCESS_CONF,
    usage: 'only allow specific methods',
    apply: allowMethods,
  },
];

function checkMethod(r: Request): Answer {
  const { allowed } = modAllowmethods.dir(r);
  if (allowed === undefined || allowed === null || allowed.includes(r.method)) return DECLINED;
  const what = r.filename ?? `uri ${r.uri}`;
  const message = `client method denied by server configuration: '${r.method}' to ${what}`;
  logRequest(r, 'allowmethods', Level.error, 'AH01623', message);
  return 405;
}

export const modAllowmethods = defineModule<object, DirConf>({
  name: 'allowmethods_module',
  file: 'mod_allowmethods.c',
  directives,
  hooks: { accessChecker: { run: checkMethod, order: REALLY_FIRST } },
});

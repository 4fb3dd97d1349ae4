/** The directives of mod_log_config. */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  NOT_IN_VIRTUALHOST,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { LOG_ITEMS, type LogItem } from '../../../core/access-log.ts';
import { compileBoolean } from '../../../expr/index.ts';
import type { LogCondition, LogServerConf } from './conf.ts';
import { compileLogFormat } from './format.ts';
import { BUILT_IN_ITEMS } from './items.ts';

type Cmd = Command<LogServerConf, object>;

/** The items there are: this module's, and those of the modules in force. */
export function itemFinder(providers: Cmd['providers']): (name: string) => LogItem | undefined {
  return (name) => BUILT_IN_ITEMS.get(name) ?? (providers.find(LOG_ITEMS, name) as LogItem | undefined);
}

function checkFormat(cmd: Cmd, text: string): string | undefined {
  const format = compileLogFormat(text, itemFinder(cmd.providers));
  return typeof format === 'string' ? format : undefined;
}

function logFormat(cmd: Cmd, format: string, name: string | undefined): ApplyResult {
  const wrong = checkFormat(cmd, format);
  if (wrong !== undefined) return wrong;
  if (name === undefined) cmd.server.defaultFormat = format;
  else (cmd.server.formats ??= new Map()).set(name, format);
  return undefined;
}

function addLog(
  cmd: Cmd,
  target: string,
  format: string | undefined,
  clause: string | undefined,
  isGlobal: boolean,
): ApplyResult {
  let condition: LogCondition | undefined;
  if (clause !== undefined) {
    const read = readCondition(cmd, clause);
    if (typeof read === 'string') return read;
    condition = read;
  }
  // A nickname is no wrong format: it has no per cent sign in it, or is refused as httpd does.
  const wrong = format === undefined ? undefined : checkFormat(cmd, format);
  if (wrong !== undefined) return wrong;
  const definition = { target, format, condition, isGlobal, definedAt: cmd.node.span };
  (cmd.server.logs ??= []).push(definition);
  return undefined;
}

/** `env=name`, `env=!name`, `expr=condition`. */
function readCondition(cmd: Cmd, clause: string): LogCondition | string {
  const lower = clause.slice(0, 5).toLowerCase();
  if (lower.startsWith('env=')) {
    const isNegated = clause[4] === '!';
    const name = clause.slice(isNegated ? 5 : 4);
    return name === '' ? 'missing environment variable name' : { kind: 'env', name, isNegated };
  }
  if (lower !== 'expr=') return 'error in condition clause';
  const source = clause.slice(5);
  if (source === '') return 'missing condition';
  const compiled = compileBoolean(source, { restricted: cmd.isHtaccess });
  return compiled.ok ? { kind: 'expr', expr: compiled.expr } : compiled.error.message;
}

export const rows: readonly AnyRow<LogServerConf, object>[] = [
  {
    name: 'CustomLog',
    shape: 'TAKE23',
    where: RSRC_CONF,
    usage:
      'a file name, a custom log format string or format name, and an optional "env=" or "expr=" clause (see docs)',
    apply: (cmd, target, format, clause) => addLog(cmd, target, format, clause, false),
  },
  {
    name: 'GlobalLog',
    shape: 'TAKE23',
    where: RSRC_CONF,
    forbidden: NOT_IN_VIRTUALHOST,
    usage: 'Same as CustomLog, but forces virtualhosts to inherit the log',
    apply: (cmd, target, format, clause) => addLog(cmd, target, format, clause, true),
  },
  {
    name: 'TransferLog',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'the filename of the access log',
    apply: (cmd, target) => addLog(cmd, target, undefined, undefined, false),
  },
  {
    name: 'LogFormat',
    shape: 'TAKE12',
    where: RSRC_CONF,
    usage: 'a log format string (see docs) and an optional format name',
    apply: logFormat,
  },
  {
    name: 'BufferedLogs',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: 'Enable Buffered Logging (experimental)',
    apply: (cmd, on) => void (cmd.server.buffered = on),
  },
];

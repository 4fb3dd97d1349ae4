/** ProxyFCGIBackendType and ProxyFCGISetEnvIf: what they say, and how it merges. */
import type { ApplyResult, Command } from '../../../config/directive.ts';
import { type BooleanExpr, compileBoolean, compileString, type StringExpr } from '../../../expr/index.ts';

/** One ProxyFCGISetEnvIf. */
export interface EnvRule {
  readonly condition: BooleanExpr;
  readonly name: string;
  /** undefined: the variable is removed. */
  readonly value: StringExpr | undefined;
}

export interface FcgiDirConf {
  backendType?: 'fpm' | 'generic';
  envRules?: readonly EnvRule[];
}

/** Rules run outer section first. */
export function mergeFcgiDir(base: FcgiDirConf, add: FcgiDirConf): FcgiDirConf {
  const merged: FcgiDirConf = { ...base, ...add };
  if (base.envRules !== undefined && add.envRules !== undefined)
    merged.envRules = [...base.envRules, ...add.envRules];
  return merged;
}

type Cmd = Command<object, FcgiDirConf>;

export function setBackendType(cmd: Cmd, type: string): ApplyResult {
  const lower = type.toLowerCase();
  if (lower !== 'generic' && lower !== 'fpm') {
    return "ProxyFCGIBackendType requires one of the following arguments: 'GENERIC', 'FPM'";
  }
  cmd.dir.backendType = lower;
  return undefined;
}

export function addEnvRule(
  cmd: Cmd,
  condition: string,
  name: string,
  value: string | undefined,
): ApplyResult {
  const restricted = cmd.isHtaccess;
  const compiled = compileBoolean(condition, { restricted, captures: 'shared' });
  if (!compiled.ok) return unparsable(cmd, condition, compiled.error);
  const isRemoval = name.startsWith('!');
  if (isRemoval && name.length === 1) return 'ProxyFCGISetEnvIf: "!" is not a valid variable name';
  if (isRemoval && value !== undefined) {
    return `Third argument ("${value}") is not allowed when using ProxyFCGISetEnvIf's unset mode (${name})`;
  }
  let replacement: StringExpr | undefined;
  if (!isRemoval) {
    const text = compileString(value ?? '', { restricted, captures: 'shared' });
    if (!text.ok) return unparsable(cmd, value ?? '', text.error);
    replacement = text.expr;
  }
  const rule: EnvRule = {
    condition: compiled.expr,
    name: isRemoval ? name.slice(1) : name,
    value: replacement,
  };
  cmd.dir.envRules = [...(cmd.dir.envRules ?? []), rule];
  return undefined;
}

function unparsable(
  cmd: Cmd,
  text: string,
  error: { readonly message: string; readonly offset: number; readonly length: number },
): ApplyResult {
  const message = `Could not parse expression "${text}": ${error.message}`;
  const at = cmd.node.args.indexOf(text);
  return at < 0 ? message : { message, offset: at + error.offset, length: Math.max(1, error.length) };
}

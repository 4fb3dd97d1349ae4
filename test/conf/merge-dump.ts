/** Merged configurations as text: one line a field, whatever a module keeps in it. */
import { OR_AUTHCFG, OR_FILEINFO, OR_INDEXES, OR_LIMIT, OR_OPTIONS } from '../../src/config/directive.ts';
import {
  allowedOptions,
  type CoreDirConf,
  OPT_EXECCGI,
  OPT_INC_WITH_EXEC,
  OPT_INCLUDES,
  OPT_INDEXES,
  OPT_MULTI,
  OPT_SYM_LINKS,
  OPT_SYM_OWNER,
} from '../../src/core/core-config.ts';
import { MethodScope } from '../../src/core/method-scope.ts';
import type { AnyModule } from '../../src/core/module.ts';

const OPTIONS = {
  Indexes: OPT_INDEXES,
  Includes: OPT_INCLUDES,
  FollowSymLinks: OPT_SYM_LINKS,
  SymLinksIfOwnerMatch: OPT_SYM_OWNER,
  ExecCGI: OPT_EXECCGI,
  IncWithExec: OPT_INC_WITH_EXEC,
  MultiViews: OPT_MULTI,
};
const OVERRIDES = {
  AuthConfig: OR_AUTHCFG,
  FileInfo: OR_FILEINFO,
  Indexes: OR_INDEXES,
  Limit: OR_LIMIT,
  Options: OR_OPTIONS,
};

function bits(value: number, names: Readonly<Record<string, number>>): string {
  const set = Object.entries(names).filter(([, bit]) => (value & bit) !== 0);
  return set.length === 0 ? 'None' : set.map(([name]) => name).join(' ');
}

/** One field of a module's merged configuration. */
export function fieldText(module: AnyModule, conf: object, field: string): string {
  if (module.name === 'core_module' && field === 'options')
    return bits(allowedOptions(conf as CoreDirConf), OPTIONS);
  const value = (conf as Record<string, unknown>)[field];
  if (module.name === 'core_module' && field === 'override' && typeof value === 'number')
    return bits(value, OVERRIDES);
  return text(value);
}

function text(value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'string') return /^[^\s,{}[\]"]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`;
  if (value instanceof Set) return text([...value]);
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${text(key)}: ${text(one)}`).join(', ')}}`;
  if (value instanceof MethodScope) {
    return ['GET', 'POST', 'PUT', 'OTHER'].filter((method) => value.includes(method)).join('|') || 'none';
  }
  return objectText(value as Record<string, unknown>);
}

/** Conditions, regular expressions and Require trees as they were written, anything else field by field. */
function objectText(value: Readonly<Record<string, unknown>>): string {
  if (typeof value.source === 'string') return `<${value.source}>`;
  if (typeof value.exec === 'function') return `/${String(value.pattern ?? '')}/`;
  if (value.kind === 'line') return `${value.negate === true ? 'not ' : ''}${String(value.text)}`;
  if (value.kind === 'block') {
    const logic = `${value.negate === true ? 'not-' : ''}${String(value.logic)}`;
    return `${logic}(${(value.children as unknown[]).map(text).join('; ')})`;
  }
  const fields = Object.entries(value).filter(([, one]) => one !== undefined && typeof one !== 'function');
  return `{${fields.map(([key, one]) => `${key}: ${text(one)}`).join(', ')}}`;
}

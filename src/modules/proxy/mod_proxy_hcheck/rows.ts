/** Rows of mod_proxy_hcheck, and the parameters of workers that begin with `hc` (mod_proxy_hcheck.c: set_worker_hc_param). */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { atoi, parseTimeout } from '../../../config/values.ts';
import { getWord } from '../../../config/words.ts';
import {
  HEALTH_CHECK_METHODS,
  type HealthCheckOptions,
  SHORTEST_INTERVAL,
  URI_LIMIT,
} from '../shared/health-check.ts';
import { compileProbeCondition } from './condition.ts';
import type { HealthCheckServerConf } from './config.ts';

type Cmd = Command<HealthCheckServerConf, object>;
type Row = AnyRow<HealthCheckServerConf, object>;

type Setter = (
  conf: Readonly<HealthCheckServerConf>,
  options: Partial<HealthCheckOptions>,
  value: string,
) => string | undefined;

function counted(key: 'passes' | 'fails', name: string): Setter {
  return (_conf, options, value) => {
    const number = atoi(value);
    if (number < 0) return `${name} must be a positive value`;
    options[key] = number;
    return undefined;
  };
}

const SETTERS: Readonly<Record<string, Setter>> = {
  hctemplate(conf, options, value) {
    const template = conf.templates?.get(value.toLowerCase());
    if (template === undefined) return `Unknown ProxyHCTemplate name: ${value}`;
    Object.assign(options, template);
    return undefined;
  },
  hcmethod(_conf, options, value) {
    const upper = value.toUpperCase();
    const method = HEALTH_CHECK_METHODS.find((name) => name === upper);
    if (upper === 'PROVIDER') return `Health check method ${value} not (yet) implemented`;
    if (method === undefined) return 'Unknown method';
    options.method = method;
    return undefined;
  },
  hcinterval(_conf, options, value) {
    const interval = parseTimeout(value, 's');
    if (interval === undefined) return 'Unparse-able hcinterval setting';
    if (interval < SHORTEST_INTERVAL)
      return `Interval must be a positive value greater than ${SHORTEST_INTERVAL}ms`;
    options.interval = interval;
    return undefined;
  },
  hcpasses: counted('passes', 'Passes'),
  hcfails: counted('fails', 'Fails'),
  hcuri(_conf, options, value) {
    if (value.length >= URI_LIMIT) return `Health check uri length must be < ${URI_LIMIT} characters`;
    if (/[\0-\x20\x7f]/.test(value)) return 'Health check uri must not contain blanks or control characters';
    options.uri = value;
    return undefined;
  },
  hcexpr(conf, options, value) {
    if (conf.expressions?.has(value) !== true) return `Unknown health check condition expr: ${value}`;
    options.expression = value;
    return undefined;
  },
};

/** @returns what is wrong with it in httpd's words, or nothing. */
export function setCheckOption(
  conf: Readonly<HealthCheckServerConf>,
  options: Partial<HealthCheckOptions>,
  key: string,
  value: string,
): string | undefined {
  const lower = key.toLowerCase();
  if (!Object.hasOwn(SETTERS, lower)) return 'unknown Worker hcheck parameter';
  return (SETTERS[lower] as Setter)(conf, options, value);
}

/** A word, or what stands in braces; the last one may be missing (ap_getword_conf2). */
function bracedWord(text: string): [word: string, rest: string] {
  if (!text.startsWith('{')) return getWord(text);
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return [text.slice(1, at), text.slice(at + 1).trimStart()];
  }
  return [text.slice(1), ''];
}

/** set_hc_condition() of mod_proxy_hcheck.c. */
function defineExpression(cmd: Cmd, args: string): ApplyResult {
  const [name, behind] = getWord(args);
  if (name === '') return 'Missing expression name for ProxyHCExpr';
  if (name.length >= URI_LIMIT) return 'Expression name length must be < 64 characters';
  const [source, more] = bracedWord(behind);
  if (source === '') return 'Missing expression for ProxyHCExpr';
  const condition = compileProbeCondition(source);
  if (typeof condition === 'string') return `Could not parse expression "${source}": ${condition}`;
  if (more.trim() !== '') return 'error: extra parameter(s)';
  cmd.server.expressions ??= new Map();
  cmd.server.expressions.set(name, condition);
  return undefined;
}

/** set_hc_template() of mod_proxy_hcheck.c. */
function defineTemplate(cmd: Cmd, args: string): ApplyResult {
  const [name, behind] = getWord(args);
  if (name === '') return 'Missing template name for ProxyHCTemplate';
  const template: Partial<HealthCheckOptions> = {};
  for (let rest = behind; rest !== ''; ) {
    const [word, more] = getWord(rest);
    rest = more;
    const equals = word.indexOf('=');
    if (equals < 0) return "Invalid ProxyHCTemplate parameter. Parameter must be in the form 'key=value'";
    const wrong = setCheckOption(cmd.server, template, word.slice(0, equals), word.slice(equals + 1));
    if (wrong !== undefined) return `ProxyHCTemplate: ${wrong} ${word}; ${name}`;
  }
  cmd.server.templates ??= new Map();
  cmd.server.templates.set(name.toLowerCase(), template);
  return undefined;
}

/** httpd reads the first two in .htaccess, too, where they would change the server for all who come later. */
const ANYWHERE = RSRC_CONF | ACCESS_CONF;

export const healthCheckRows: readonly Row[] = [
  {
    name: 'ProxyHCTemplate',
    shape: 'RAW_ARGS',
    where: ANYWHERE,
    usage: 'Health check template',
    apply: defineTemplate,
  },
  {
    name: 'ProxyHCExpr',
    shape: 'RAW_ARGS',
    where: ANYWHERE,
    usage: 'Define a health check condition ruleset expression',
    apply: defineExpression,
  },
  {
    name: 'ProxyHCTPsize',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Set size of health check thread pool',
    apply(cmd, value) {
      const size = atoi(value);
      if (size < 0) return 'Invalid ProxyHCTPsize parameter. Parameter must be >= 0';
      cmd.server.poolSize = size;
      return undefined;
    },
  },
];

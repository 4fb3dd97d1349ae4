/** What sections and .htaccess files say: options, requirements, the user's name. */
import {
  ACCESS_CONF,
  type ApplyResult,
  OR_AUTHCFG,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { allWords, getWord } from '../../../config/words.ts';
import { compileBoolean } from '../../../expr/index.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { SslOptions } from './config.ts';
import type { Cmd, Row } from './proxy-rows.ts';

const OPTIONS: Readonly<Record<string, keyof SslOptions | 'fakeBasicAuth'>> = {
  stdenvvars: 'stdEnvVars',
  exportcertdata: 'exportCertData',
  strictrequire: 'strictRequire',
  optrenegotiate: 'optRenegotiate',
  legacydnstringformat: 'legacyDNStringFormat',
  fakebasicauth: 'fakeBasicAuth',
};
/** Those that would have an effect that is not there. */
const NOT_HERE: Readonly<Partial<Record<keyof SslOptions | 'fakeBasicAuth', string>>> = {
  fakeBasicAuth: 'clients are not asked for certificates',
  legacyDNStringFormat: 'names are written as in RFC 2253',
};

/** ssl_cmd_SSLOptions: a word without a sign forgets all before it, inherited ones included. */
function setOptions(cmd: Cmd, text: string): ApplyResult {
  const { dir } = cmd;
  for (const word of allWords(text)) {
    const sign = word.startsWith('+') || word.startsWith('-') ? word.charAt(0) : '';
    const written = word.slice(sign.length);
    const key = asciiLower(written);
    const option = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
    if (option === undefined) return `SSLOptions: Illegal option '${written}'`;
    const hint = NOT_HERE[option];
    if (hint !== undefined && sign !== '-')
      return { message: `SSLOptions ${written} is not supported by apache-lite`, hint };
    if (sign === '') dir.optionsReset = true;
    const before = sign === '' ? {} : dir.options;
    dir.options = option === 'fakeBasicAuth' ? { ...before } : { ...before, [option]: sign !== '-' };
  }
  return undefined;
}

function addRequirement(cmd: Cmd, text: string): ApplyResult {
  // The whole expression may stand in quotes (ap_getword_conf).
  const source = /^["']/.test(text) && getWord(text)[1] === '' ? getWord(text)[0] : text;
  const compiled = compileBoolean(source, { comparesByLength: true, restricted: cmd.isHtaccess });
  if (!compiled.ok) {
    const { message, offset, length } = compiled.error;
    return { message: `SSLRequire: ${message}`, offset, length };
  }
  const { dir } = cmd;
  dir.requirements = [...(dir.requirements ?? []), { text: source, expr: compiled.expr }];
  return undefined;
}

export const dirRows: readonly Row[] = [
  {
    name: 'SSLUserName',
    shape: 'TAKE1',
    where: RSRC_CONF | OR_AUTHCFG,
    usage: 'Set user name to SSL variable value',
    apply: (cmd, name) => void (cmd.dir.userName = name),
  },
  {
    name: 'SSLOptions',
    shape: 'RAW_ARGS',
    where: RSRC_CONF | OR_OPTIONS,
    usage: "Set one or more options to configure the SSL engine('[+-]option[=value] ...' - see manual)",
    apply: setOptions,
  },
  {
    name: 'SSLRequireSSL',
    // httpd defines it to take no arguments, and never looks.
    shape: 'RAW_ARGS',
    where: ACCESS_CONF | OR_AUTHCFG,
    usage: 'Require the SSL protocol for the per-directory context (no arguments)',
    apply: (cmd) => void (cmd.dir.requiresTls = true),
  },
  {
    name: 'SSLRequire',
    shape: 'RAW_ARGS',
    where: ACCESS_CONF | OR_AUTHCFG,
    usage:
      'Require a boolean expression to evaluate to true for granting access(arbitrary complex boolean expression - see manual)',
    apply: addRequirement,
  },
];

/** The flags of RewriteRule and RewriteCond (cmd_rewriterule_setflag, cmd_rewritecond_setflag). */

import { atoi } from '../../../config/values.ts';
import { isKnownStatus } from '../../../http/reason-phrases.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { parseFlagField } from './argument-line.ts';
import type { RuleFlags } from './conf.ts';

/** Rounds of [N] without a number (REWRITE_MAX_ROUNDS). */
const MAX_ROUNDS = 32000;

export interface CondFlags {
  ignoresCase: boolean;
  orNext: boolean;
  noVary: boolean;
}

export function noRuleFlags(): RuleFlags {
  return {
    escapes: undefined,
    isChained: false,
    cookies: [],
    variables: [],
    discardsPathInfo: false,
    isEnd: false,
    isLast: false,
    rounds: undefined,
    ignoresCase: false,
    noEscape: false,
    noSubrequest: false,
    isProxy: false,
    passesThrough: false,
    appendsQuery: false,
    discardsQuery: false,
    splitsAtLastQuestion: false,
    isRedirect: false,
    isStatus: false,
    status: 302,
    skip: 0,
    handler: undefined,
    type: undefined,
    allowsQuestion: false,
    allowsPrefix: false,
  };
}

type Setter = (flags: RuleFlags, value: string) => string | undefined;

/** What [BNP] and [BNE] say counts only with [B] or [BCTLS]; they are kept apart until all flags are read. */
interface Escaping {
  isOn: boolean;
  noPlus: boolean;
  controls: boolean;
  only: string | undefined;
  never: string | undefined;
}

function setRedirect(flags: RuleFlags, value: string): string | undefined {
  flags.isRedirect = true;
  flags.status = 302;
  const word = asciiLower(value);
  if (word === 'permanent') flags.status = 301;
  else if (word === 'seeother') flags.status = 303;
  else if (/^\d/.test(value)) {
    const status = atoi(value);
    if (!isKnownStatus(status)) return `invalid HTTP response code '${value}' for flag 'R'`;
    flags.status = status;
    flags.isStatus = status < 300 || status > 399;
  }
  return undefined;
}

const setStatus =
  (status: number): Setter =>
  (flags) => {
    flags.isStatus = true;
    flags.status = status;
  };

/** By name, in lower case. */
const RULE_FLAGS: ReadonlyMap<string, Setter> = new Map<string, Setter>(
  (
    [
      [['c', 'chain'], (flags) => void (flags.isChained = true)],
      [['co', 'cookie'], (flags, value) => void (flags.cookies = [...flags.cookies, value])],
      [['dpi', 'discardpath'], (flags) => void (flags.discardsPathInfo = true)],
      [['e', 'env'], (flags, value) => void (flags.variables = [...flags.variables, value])],
      [['end'], (flags) => void (flags.isEnd = true)],
      [['f', 'forbidden'], setStatus(403)],
      [['g', 'gone'], setStatus(410)],
      [['h', 'handler'], (flags, value) => void (flags.handler = value)],
      [['l', 'last'], (flags) => void (flags.isLast = true)],
      [['n', 'next'], (flags, value) => void (flags.rounds = value === '' ? MAX_ROUNDS : atoi(value))],
      [['nc', 'nocase'], (flags) => void (flags.ignoresCase = true)],
      [['ne', 'noescape'], (flags) => void (flags.noEscape = true)],
      [['ns', 'nosubreq'], (flags) => void (flags.noSubrequest = true)],
      [['p', 'proxy'], (flags) => void (flags.isProxy = true)],
      [['pt', 'passthrough'], (flags) => void (flags.passesThrough = true)],
      [['qsa', 'qsappend'], (flags) => void (flags.appendsQuery = true)],
      [['qsd', 'qsdiscard'], (flags) => void (flags.discardsQuery = true)],
      [['qsl', 'qslast'], (flags) => void (flags.splitsAtLastQuestion = true)],
      [['r', 'redirect'], setRedirect],
      [['s', 'skip'], (flags, value) => void (flags.skip = atoi(value))],
      [['t', 'type'], (flags, value) => void (flags.type = value)],
      [['unsafeallow3f'], (flags) => void (flags.allowsQuestion = true)],
      [['unsafeprefixstat'], (flags) => void (flags.allowsPrefix = true)],
      // For the network paths of another system.
      [['unc'], () => undefined],
    ] as readonly (readonly [readonly string[], Setter])[]
  ).flatMap(([names, set]) => names.map((name) => [name, set] as const)),
);

/** The flags that begin with B; answers false for one that is none of them. */
function setEscaping(escaping: Escaping, name: string, value: string): boolean | string {
  switch (name) {
    case 'b':
    case 'backrefescaping':
      escaping.isOn = true;
      if (value !== '') escaping.only = value;
      return true;
    case 'bne':
      if (value === '') return "flag 'BNE' wants a list of characters (i.e. [BNE=...])";
      escaping.never = value;
      return true;
    case 'bnp':
    case 'backrefernoplus':
      escaping.noPlus = true;
      return true;
    case 'bctls':
      escaping.isOn = escaping.controls = true;
      return true;
    default:
      return false;
  }
}

/** Reads the third argument of a RewriteRule. Answers what is wrong with it, without the directive's name. */
export function parseRuleFlags(text: string | undefined): RuleFlags | string {
  const flags = noRuleFlags();
  if (text === undefined) return flags;
  const written = parseFlagField(text);
  if (written === undefined) return 'bad flag delimiters';
  const escaping: Escaping = {
    isOn: false,
    noPlus: false,
    controls: false,
    only: undefined,
    never: undefined,
  };
  for (const { name, value } of written) {
    const key = asciiLower(name);
    const isEscaping = setEscaping(escaping, key, value);
    if (typeof isEscaping === 'string') return isEscaping;
    if (isEscaping) continue;
    const set = RULE_FLAGS.get(key);
    if (set === undefined) return `unknown flag '${name}'`;
    const wrong = set(flags, value);
    if (typeof wrong === 'string') return wrong;
  }
  if (escaping.isOn) {
    const { noPlus, controls, only, never } = escaping;
    flags.escapes = { noPlus, controls, only, never };
  }
  return flags;
}

/** The same for RewriteCond. */
export function parseCondFlags(text: string | undefined): CondFlags | string {
  const flags: CondFlags = { ignoresCase: false, orNext: false, noVary: false };
  if (text === undefined) return flags;
  const written = parseFlagField(text);
  if (written === undefined) return 'bad flag delimiters';
  for (const { name } of written) {
    switch (asciiLower(name)) {
      case 'nc':
      case 'nocase':
        flags.ignoresCase = true;
        break;
      case 'or':
      case 'ornext':
        flags.orNext = true;
        break;
      case 'nv':
      case 'novary':
        flags.noVary = true;
        break;
      default:
        return `unknown flag '${name}'`;
    }
  }
  return flags;
}

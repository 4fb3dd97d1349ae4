/** The registry of rules: what is not here is not looked for. */
import { READING_CODES } from '../elsewhere.ts';
import type { Rule } from '../unit.ts';
import { limitRule, mixedAccessRule, openProxyRule } from './access.ts';
import { backtrackingRule } from './backtracking.ts';
import { deprecatedRule } from './deprecated.ts';
import { hostRule } from './hosts.ts';
import { authorizationRule, handlerRule, passMatchRule } from './php.ts';
import { rewriteRule } from './rewrite.ts';
import { sectionRule } from './sections.ts';
import { shadowRule, slashRule } from './shadow.ts';
import { certificateRule, protocolRule } from './tls.ts';
import { commaRule, errorTextRule, nicknameRule } from './words.ts';

export const rules: readonly Rule[] = [
  rewriteRule,
  handlerRule,
  passMatchRule,
  authorizationRule,
  backtrackingRule,
  shadowRule,
  slashRule,
  mixedAccessRule,
  limitRule,
  openProxyRule,
  sectionRule,
  hostRule,
  protocolRule,
  certificateRule,
  commaRule,
  errorTextRule,
  nicknameRule,
  deprecatedRule,
];

/** Found by mod_proxy itself, when a server starts as well (modules/proxy/mod_proxy/advice.ts). */
const PROXY_CODES: Readonly<Record<string, string>> = {
  AL1301: 'parameters of a worker that no request is sent to: <Proxy> that matches nothing, ProxySet',
  AL1302: 'proxy:unix:/path without the protocol behind |',
};

/** Every code of lint's own with what it is about. */
export const lintCodes: Readonly<Record<string, string>> = Object.assign(
  { AL1000: 'a file that cannot be read' },
  READING_CODES,
  PROXY_CODES,
  ...rules.map(({ codes }) => codes),
);

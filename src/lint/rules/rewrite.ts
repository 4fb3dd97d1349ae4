/** mod_rewrite: conditions and rules that cannot do what they are there for. */

import type { ConfigNode } from '../../config/tree.ts';
import { demandsNoSlash, demandsSlash, matchesAlways } from '../patterns.ts';
import { rewriteFlags } from '../rewrite-flags.ts';
import { isInDirectory, isServerLevel, type Place, places, wordsOf } from '../tree.ts';
import type { Finding, LintUnit, Rule } from '../unit.ts';

type Report = (finding: Finding) => void;

export const rewriteRule: Rule = {
  codes: {
    AL1101: 'RewriteCond without a RewriteRule behind it',
    AL1102: 'RewriteRule with ^/ in .htaccess or <Directory>: it never matches',
    AL1103: 'RewriteRule behind one that matches everything and is the last',
    AL1104: 'RewriteRule that looks for the query string in the path',
    AL1105: 'RewriteRule that carries over a %3f of the URL: httpd 2.4.60 and later answer 403',
    AL1106: 'RewriteRule that looks for a scheme and a host in the path',
    AL1107: 'RewriteRule without a slash behind ^ outside of directories: it never matches',
    AL1108: 'RewriteRule that looks for %20 and the like: it sees the path decoded',
  },
  check(unit, report) {
    const isForward = hasForwardProxy(unit);
    for (const place of places(unit.tree)) checkPlace(unit, place, isForward, report);
  },
};

function hasForwardProxy({ tree }: LintUnit): boolean {
  for (const { nodes } of places(tree)) {
    if (nodes.some(({ key, args }) => key === 'proxyrequests' && /^"?on/i.test(args))) return true;
  }
  return false;
}

function checkPlace(unit: LintUnit, { nodes, enclosing }: Place, isForward: boolean, report: Report): void {
  const isDirectory = isInDirectory(enclosing, unit.context);
  const isServer = isServerLevel(enclosing, unit.context);
  // A piece of text that names nothing of a server may be meant for a directory.
  const isSurelyServer = isServer && (unit.context === 'vhost' || enclosing.length > 0 || namesServer(nodes));
  let conditions: ConfigNode[] = [];
  let end: ConfigNode | undefined;
  let isUncertain = false;
  for (const node of nodes) {
    if (node.key === 'rewritecond') conditions.push(node);
    if (node.key !== 'rewriterule') continue;
    const [pattern = '', target = '', written = ''] = wordsOf(node);
    const flags = rewriteFlags(written);
    if (end !== undefined) {
      report({
        code: 'AL1103',
        span: node.span,
        message:
          'this RewriteRule is never reached: an earlier one here matches every request and is the last one',
        hint: `write it before the rule with ${wordsOf(end)[0] ?? ''}, or give that one a RewriteCond`,
      });
      end = undefined;
      isUncertain = true;
    }
    checkPattern(
      { node, pattern, target, flags, conditions, isDirectory, isServer: isSurelyServer, isForward },
      report,
    );
    if (flags.has('skip') || flags.has('chain') || flags.has('next')) isUncertain = true;
    const isAlways = conditions.length === 0 && matchesAlways(pattern, isServer) && !flags.has('nosubreq');
    if (isAlways && endsRules(flags) && !isUncertain) end = node;
    conditions = [];
  }
  const [first] = conditions;
  if (first === undefined) return;
  report({
    code: 'AL1101',
    span: first.span,
    message: 'this RewriteCond belongs to no RewriteRule: none follows it here',
    hint: 'write it directly before the RewriteRule that it is for, in the same section',
  });
}

/** Directives that only stand at the level of servers. */
const SERVER_ONLY: ReadonlySet<string> = new Set([
  'documentroot',
  'servername',
  'listen',
  'serverroot',
  '<virtualhost',
  '<directory',
]);

function namesServer(nodes: readonly ConfigNode[]): boolean {
  return nodes.some(({ key }) => SERVER_ONLY.has(key));
}

/** A redirect is the last only with L, but F, G and P imply it. */
function endsRules(flags: ReadonlySet<string>): boolean {
  return ['last', 'end', 'forbidden', 'gone', 'proxy'].some((flag) => flags.has(flag));
}

interface RuleLine {
  readonly node: ConfigNode;
  readonly pattern: string;
  readonly target: string;
  readonly flags: ReadonlySet<string>;
  readonly conditions: readonly ConfigNode[];
  readonly isDirectory: boolean;
  readonly isServer: boolean;
  readonly isForward: boolean;
}

const QUERY = /(?:\\\?|\[\?\])/;
const OPTIONAL_QUERY = /(?:\\\?|\[\?\])[?*]/;
const CAPTURED_QUESTION = /\([^()]*(?:\\\?|\[\?\])[^()]*\)/;

function checkPattern(rule: RuleLine, report: Report): void {
  const { node, pattern, target, flags, conditions, isForward } = rule;
  const span = node.argsSpan;
  if (!isForward && /^\^?(?:\((?:\?:)?)?https?\??\)?:\\?\//i.test(pattern)) {
    report({
      code: 'AL1106',
      span,
      message:
        'this RewriteRule never matches: it sees the path of the URL only, not the scheme and the host',
      hint: 'test the host before it: RewriteCond %{HTTP_HOST} ^www\\.example\\.com$ [NC]',
    });
    return;
  }
  const asks3f = conditions.some(names3f) || CAPTURED_QUESTION.test(pattern);
  if (asks3f && carriesOver(target) && !flags.has('unsafeallow3f')) {
    report({
      code: 'AL1105',
      span,
      message: 'a URL whose %3f this RewriteRule carries over is answered with 403 since httpd 2.4.60',
      hint: 'add the flag [UnsafeAllow3F] if a query string there is harmless to the target',
    });
  } else if (QUERY.test(pattern) && !OPTIONAL_QUERY.test(pattern)) {
    report({
      code: 'AL1104',
      span,
      message: 'this RewriteRule looks for a question mark, but the query string is no part of what it sees',
      hint: 'test it before the rule: RewriteCond %{QUERY_STRING} (?:^|&)name=value(?:&|$)',
    });
  }
  const encoded = demandsEncoded(pattern);
  if (encoded !== undefined) {
    report({
      code: 'AL1108',
      span,
      message: `this RewriteRule never matches: it sees the path decoded, where ${encoded} is a single character`,
      hint: 'write the character itself (a space as \\s or in quotes), or test %{THE_REQUEST} in a RewriteCond',
    });
  }
  checkSlash(rule, report);
}

function checkSlash({ pattern, isDirectory, isServer, node }: RuleLine, report: Report): void {
  const span = node.argsSpan;
  if (isDirectory && demandsSlash(pattern)) {
    report({
      code: 'AL1102',
      span,
      message: 'this RewriteRule never matches: in a directory the path is seen without its leading slash',
      hint: `write ${pattern.replace(/^\^\\?\//, '^')} (or ^/? in front, which works everywhere)`,
    });
  }
  if (isServer && demandsNoSlash(pattern) && !/^\^(?:https?|proxy|ftp|wss?):/i.test(pattern)) {
    report({
      code: 'AL1107',
      span,
      message: 'this RewriteRule never matches: outside of directories every path begins with a slash',
      hint: `write ^/${pattern.slice(1)} (or ^/? in front, which works everywhere)`,
    });
  }
}

/** A back-reference stands in the path of the target. */
function carriesOver(target: string): boolean {
  return /^[^?]*[$%]\d/.test(target);
}

/** An escape that every match holds. Slashes may stay as they were sent (AllowEncodedSlashes NoDecode), and a percent sign may be one. */
function demandsEncoded(pattern: string): string | undefined {
  if (/[|[]/.test(pattern)) return undefined;
  const [found] = /%(?!2f|5c|25)[0-9a-f]{2}(?![?*{])/i.exec(pattern) ?? [];
  return found;
}

function names3f(condition: ConfigNode): boolean {
  return /%3f/i.test(wordsOf(condition)[1] ?? '');
}

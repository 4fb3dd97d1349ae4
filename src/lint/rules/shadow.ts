/** Prefixes that an earlier line has taken already, and slashes at the end of one side of a mapping only. */
import type { ConfigNode } from '../../config/tree.ts';
import { isServerLevel, places, wordsOf } from '../tree.ts';
import type { Finding, Rule } from '../unit.ts';

type Report = (finding: Finding) => void;

/** A directive that takes every URL with a prefix. */
interface Mapping {
  readonly node: ConfigNode;
  /** Lines of one kind are asked in their order. */
  readonly kind: 'proxy' | 'alias' | 'redirect';
  readonly prefix: string;
  readonly target: string;
}

const STATUS = /^(?:\d{3}|permanent|temp|seeother|gone)$/i;

function mappingOf(node: ConfigNode): Mapping | undefined {
  const words = wordsOf(node);
  const [first = '', second = ''] = words;
  switch (node.key) {
    case 'proxypass':
      return mapping(node, 'proxy', first, second);
    case 'alias':
    case 'scriptalias':
      return mapping(node, 'alias', first, second);
    case 'redirectpermanent':
    case 'redirecttemp':
      return mapping(node, 'redirect', first, second);
    case 'redirect':
      return STATUS.test(first)
        ? mapping(node, 'redirect', second, words[2] ?? '')
        : mapping(node, 'redirect', first, second);
    default:
      return undefined;
  }
}

function mapping(
  node: ConfigNode,
  kind: Mapping['kind'],
  prefix: string,
  target: string,
): Mapping | undefined {
  return prefix.startsWith('/') && !/[$%]\{/.test(prefix) ? { node, kind, prefix, target } : undefined;
}

/** Whether every URL with the prefix of `later` has that of `earlier` (alias_matches: `/foo` is not a prefix of `/foobar`). */
function covers(earlier: Mapping, later: Mapping): boolean {
  const { prefix } = earlier;
  if (later.prefix === prefix) return true;
  if (!later.prefix.startsWith(prefix)) return false;
  return prefix.endsWith('/') || later.prefix[prefix.length] === '/';
}

export const shadowRule: Rule = {
  codes: {
    AL1601: 'a ProxyPass or Redirect that an earlier one with a shorter path shadows',
    AL1602: 'an Alias that a Redirect of a shorter path shadows',
  },
  check({ tree, context }, report) {
    for (const { nodes, enclosing } of places(tree)) {
      if (!isServerLevel(enclosing, context) || enclosing.some(({ key }) => key !== '<virtualhost')) continue;
      const before: Mapping[] = [];
      for (const node of nodes) {
        const one = mappingOf(node);
        if (one === undefined) continue;
        const earlier = before.find((other) => other.kind === one.kind && covers(other, one));
        if (earlier === undefined) before.push(one);
        // Of aliases mod_alias itself says so (AH00671).
        else if (one.kind !== 'alias' && !isSame(earlier, one)) reportShadow(earlier, one, report);
      }
      for (const one of before) {
        if (one.kind !== 'alias') continue;
        const redirect = before.find((other) => other.kind === 'redirect' && covers(other, one));
        if (redirect === undefined) continue;
        report({
          code: 'AL1602',
          span: one.node.span,
          message: `${one.node.name} ${one.prefix} is never used: ${redirect.node.name} ${redirect.prefix} comes first, wherever it stands`,
          hint: `write RedirectMatch with a pattern that leaves ${one.prefix} out`,
        });
      }
    }
  },
};

/** The same line twice is untidy and no more. */
function isSame(a: Mapping, b: Mapping): boolean {
  return a.prefix === b.prefix && a.target === b.target;
}

function reportShadow(earlier: Mapping, later: Mapping, report: Report): void {
  report({
    code: 'AL1601',
    span: later.node.span,
    message: `${later.node.name} ${later.prefix} is never used: ${earlier.node.name} ${earlier.prefix} before it takes all such URLs`,
    hint: later.prefix === earlier.prefix ? 'remove one of them' : 'write the longer path first',
  });
}

export const slashRule: Rule = {
  codes: {
    AL1603: 'ProxyPass or Redirect with a slash at the end of the path only: /x/page becomes http://hostpage',
    AL1604: 'Alias with a slash at the end of the path only',
  },
  check({ tree }, report) {
    for (const { nodes, enclosing } of places(tree)) {
      for (const node of nodes) {
        const one = mappingOf(node) ?? (node.key === 'proxypass' ? inLocation(node, enclosing) : undefined);
        if (one === undefined || !one.prefix.endsWith('/')) continue;
        const { target, prefix, kind } = one;
        if (target === '' || target === '!' || target.endsWith('/') || /[$%?#=]/.test(target)) continue;
        if (kind === 'alias') {
          // A script for everything below a path gets the rest as PATH_INFO; then the name has no slash to end with.
          if (/\.[A-Za-z0-9]+$/.test(target) || node.key === 'scriptalias') continue;
          report({
            code: 'AL1604',
            span: node.argsSpan,
            message: `${prefix}page becomes ${target}page: the slash is at the end of the path only`,
            hint: `write ${node.name} ${prefix} ${target}/`,
          });
        } else if (/^(?:unix:[^|]*\|)?[a-z]+:\/\//i.test(target) && !isPage(target)) {
          report({
            code: 'AL1603',
            span: node.argsSpan,
            message: `${prefix}page becomes ${target}page: the slash is at the end of the path only`,
            hint: `write ${target}/`,
          });
        }
      }
    }
  },
};

/** One page for all that is redirected is meant so, and mostly written with its extension. */
function isPage(target: string): boolean {
  return /:\/\/[^/]+\/.*\.[A-Za-z]{2,5}$/.test(target);
}

/** In `<Location>` the path is the section's. */
function inLocation(node: ConfigNode, enclosing: readonly ConfigNode[]): Mapping | undefined {
  const [section] = enclosing;
  if (section?.key !== '<location') return undefined;
  const [prefix = '', other] = wordsOf(section);
  const [target = ''] = wordsOf(node);
  return other === undefined ? mapping(node, 'proxy', prefix, target) : undefined;
}

/** Who may do what: rules that leave more open than they seem to. */
import type { ConfigNode } from '../../config/tree.ts';
import { allNodes, patternOf, places, wordsOf } from '../tree.ts';
import type { Rule } from '../unit.ts';

const OLD: ReadonlySet<string> = new Set(['order', 'allow', 'deny']);
/** Kinds of Require of 2.4 that say what Order, Allow and Deny say. */
const NEW_KINDS: ReadonlySet<string> = new Set(['all', 'ip', 'host', 'local', 'not', 'forward-dns']);
/** A text that asks for the version has both ways, of which one is in force; with all modules loaded that cannot be seen. */
const ASKS_VERSION = /<If(?:Module|Version)\s+[^>]*(?:access_compat|authz_core|authz_host|\d)/i;

export const mixedAccessRule: Rule = {
  codes: { AL1701: 'Order, Allow and Deny beside Require in one section' },
  check({ tree }, report) {
    for (const { nodes } of places(tree)) {
      const old = nodes.filter(({ key }) => OLD.has(key));
      const [first] = old;
      const isNew = nodes.some(
        (node) => node.key === 'require' && NEW_KINDS.has((wordsOf(node)[0] ?? '').toLowerCase()),
      );
      if (first === undefined || !isNew || letsAllThrough(old)) continue;
      if (ASKS_VERSION.test(first.span.source.text)) continue;
      report({
        code: 'AL1701',
        span: first.span,
        message: `${first.name} and Require in one section: both must let a request through, whichever comes last`,
        hint: 'write Require alone: "Order deny,allow / Deny from all" is "Require all denied"',
      });
    }
  },
};

/** "Allow from all" and no more leaves the decision to Require. */
function letsAllThrough(old: readonly ConfigNode[]): boolean {
  return (
    !old.some(({ key }) => key === 'deny') &&
    old.some(({ key, args }) => key === 'allow' && /^"?from\s+all\b/i.test(args))
  );
}

export const limitRule: Rule = {
  codes: { AL1702: 'Require in <Limit> only: every other method is open' },
  check({ tree }, report) {
    for (const { nodes } of places(tree)) {
      if (
        nodes.some(
          ({ key }) =>
            key === '<limitexcept' || key === 'require' || key === 'deny' || key.startsWith('<require'),
        )
      )
        continue;
      for (const node of nodes) {
        if (node.key !== '<limit') continue;
        const methods = wordsOf(node).map((word) => word.toUpperCase());
        // Who lists only methods that write means just these.
        if (!methods.includes('GET') || !(node.children ?? []).some(restricts)) continue;
        report({
          code: 'AL1702',
          span: node.span,
          message: `only ${methods.join(', ')} are protected: a request with any other method is not`,
          hint: 'leave <Limit> out, and write the Require lines alone',
        });
      }
    }
  },
};

function restricts(node: ConfigNode): boolean {
  return node.key === 'require' && !/^"?all\s+granted/i.test(node.args);
}

export const openProxyRule: Rule = {
  codes: { AL1703: 'ProxyRequests On for everybody: an open proxy' },
  check({ tree, isPartial }, report) {
    if (isPartial) return;
    let on: ConfigNode | undefined;
    for (const { node } of allNodes(tree)) {
      if (node.key === 'proxyrequests' && /^"?on/i.test(node.args)) on ??= node;
      if (isRestrictedProxy(node)) return;
    }
    if (on === undefined) return;
    report({
      code: 'AL1703',
      span: on.span,
      message: 'anybody may use this server as a proxy: no <Proxy *> says who may',
      hint: 'for a reverse proxy write ProxyRequests Off; else <Proxy *> Require ip 192.0.2.0/24 </Proxy>',
    });
  },
};

function isRestrictedProxy(node: ConfigNode): boolean {
  if (node.key !== '<proxy' && node.key !== '<proxymatch' && node.key !== '<location') return false;
  const { pattern, isRegex } = patternOf(node);
  if (!isRegex && !/^(?:\*|\/|https?:.*)$/i.test(pattern)) return false;
  const lines = [...allNodes(node.children ?? [])].map((one) => one.node);
  return lines.some((line) => restricts(line) || line.key === 'deny' || line.key === 'authtype');
}

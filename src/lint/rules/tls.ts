/** TLS that does not start, and versions of it that are broken. */
import type { ConfigNode } from '../../config/tree.ts';
import { allNodes, places, wordsOf } from '../tree.ts';
import type { Rule } from '../unit.ts';

const OLD: ReadonlySet<string> = new Set(['tlsv1', 'tlsv1.1', 'sslv3', 'sslv2']);

export const protocolRule: Rule = {
  codes: { AL2001: 'SSLProtocol that turns SSL 3, TLS 1.0 or 1.1 on' },
  check({ tree }, report) {
    for (const { node } of allNodes(tree)) {
      if (node.key !== 'sslprotocol' && node.key !== 'sslproxyprotocol') continue;
      const on = wordsOf(node).filter((word) => OLD.has(word.replace(/^\+/, '').toLowerCase()));
      if (on.length === 0) continue;
      report({
        code: 'AL2001',
        span: node.span,
        message: `${on.map((word) => word.replace(/^\+/, '')).join(' and ')} ${on.length === 1 ? 'is' : 'are'} broken, and browsers speak TLS 1.2 and 1.3`,
        hint: `write ${node.name} -all +TLSv1.2 +TLSv1.3`,
      });
    }
  },
};

export const certificateRule: Rule = {
  codes: { AL2002: 'SSLEngine on without any SSLCertificateFile' },
  check({ tree, isPartial, context }, report) {
    if (
      isPartial ||
      [...allNodes(tree)].some(({ node }) => node.key === 'mdomain' || node.key === '<mdomainset')
    )
      return;
    const hasOwn = (nodes: readonly ConfigNode[]): boolean =>
      nodes.some(({ key }) => key === 'sslcertificatefile');
    for (const { nodes, enclosing } of places(tree)) {
      const [section] = enclosing;
      const isHost = section?.key === '<virtualhost' || (context === 'vhost' && section === undefined);
      if (!isHost || hasOwn(nodes) || hasOwn(tree)) continue;
      const engine = nodes.find(({ key, args }) => key === 'sslengine' && /^"?on/i.test(args));
      // A piece that switches it on and no more leaves the rest to others.
      if (engine === undefined || !nodes.some(({ key }) => key === 'servername' || key === 'documentroot'))
        continue;
      report({
        code: 'AL2002',
        span: engine.span,
        message: 'the server does not start: TLS is on here, but there is no certificate',
        hint: 'write SSLCertificateFile and SSLCertificateKeyFile',
      });
    }
  },
};

/** Directives that go on working and have a successor; each once for a text. */
import { allNodes } from '../tree.ts';
import type { Rule } from '../unit.ts';

const SUCCESSORS: Readonly<Record<string, string>> = {
  order:
    'write Require: "Order allow,deny / Allow from all" is "Require all granted", "Deny from all" is "Require all denied"',
  allow: 'write Require ip, Require host, or Require all granted',
  deny: 'write Require all denied, or <RequireAll> with Require not ip',
  satisfy: 'write <RequireAny> (Satisfy Any) or <RequireAll> (Satisfy All) around the Require lines',
  maxclients: 'write MaxRequestWorkers',
  maxrequestsperchild: 'write MaxConnectionsPerChild',
  sslcertificatechainfile: 'put the chain into the file of SSLCertificateFile, behind the certificate',
  sslrequire: 'write Require expr',
};

export const deprecatedRule: Rule = {
  codes: { AL2201: 'a directive that has a successor' },
  check({ tree }, report) {
    const told = new Set<string>();
    for (const { node } of allNodes(tree)) {
      const hint = Object.hasOwn(SUCCESSORS, node.key) ? (SUCCESSORS[node.key] ?? '') : '';
      if (hint === '' || told.has(node.key)) continue;
      told.add(node.key);
      report({
        code: 'AL2201',
        span: node.span,
        severity: 'note',
        message: `${node.name} is deprecated in httpd 2.4`,
        hint,
      });
    }
  },
};

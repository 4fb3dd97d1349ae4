/** Virtual hosts that no request reaches, and names that no request has. */
import type { ConfigNode } from '../../config/tree.ts';
import { allNodes, wordsOf } from '../tree.ts';
import type { Finding, LintUnit, Rule } from '../unit.ts';

type Report = (finding: Finding) => void;

interface Host {
  readonly node: ConfigNode;
  /** `*:80`, in the order written. */
  readonly addresses: readonly string[];
  readonly name: string | undefined;
  readonly names: ReadonlyMap<string, ConfigNode>;
}

/** `_default_` is `*`; no port is every port. */
function addressesOf(node: ConfigNode): string[] {
  return wordsOf(node).map((word) => {
    const text = word
      .toLowerCase()
      .replace(/^_default_/, '*')
      .replace(/^0\.0\.0\.0|^\[::\]/, '*');
    return /(?:^\*|[^:\]]|\]):(?:\d+|\*)$/.test(text) ? text : `${text}:*`;
  });
}

/** A name of ServerName or ServerAlias without scheme and port. */
function hostName(word: string): string {
  return word
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/:\d+$/, '');
}

function hostOf(node: ConfigNode): Host {
  let name: string | undefined;
  const names = new Map<string, ConfigNode>();
  for (const line of node.children ?? []) {
    if (line.key !== 'servername' && line.key !== 'serveralias') continue;
    const words = wordsOf(line).map(hostName);
    if (line.key === 'servername') [name] = words;
    for (const word of words) if (!names.has(word)) names.set(word, line);
  }
  return { node, addresses: addressesOf(node), name, names };
}

export const hostRule: Rule = {
  codes: {
    AL1901:
      '<VirtualHost> without a ServerName behind another one of the same address: no request reaches it',
    AL1902: 'a name that an earlier <VirtualHost> of the same address has',
    AL1903: 'a name listed twice in one <VirtualHost>',
    AL1904: 'a ServerAlias that no request has: a scheme, a path, a port or a comma in it',
    AL1905: '<VirtualHost> for a port that nothing listens on',
  },
  check(unit, report) {
    const hosts = unit.tree.filter(({ key }) => key === '<virtualhost').map(hostOf);
    checkNames(unit, hosts, report);
    for (const { node } of allNodes(unit.tree)) if (node.key === 'serveralias') checkAlias(node, report);
    if (unit.isWhole) checkPorts(unit, hosts, report);
  },
};

function checkNames({ isPartial }: LintUnit, hosts: readonly Host[], report: Report): void {
  const firstAt = new Set<string>();
  const owners = new Map<string, Host>();
  for (const host of hosts) {
    const { node, addresses, name, names } = host;
    const isBehind = addresses.length > 0 && addresses.every((address) => firstAt.has(address));
    // What is not here may say the name.
    if (isBehind && name === undefined && names.size === 0 && !isPartial) {
      report({
        code: 'AL1901',
        span: node.span,
        message: `no request reaches this <VirtualHost>: another one for ${addresses.join(' ')} comes first, and this one has no name`,
        hint: 'write ServerName in it',
      });
    }
    for (const [word, line] of names) checkOwner({ word, line, host, owners }, report);
    checkTwice(node, report);
    for (const address of addresses) firstAt.add(address);
  }
}

interface Named {
  readonly word: string;
  readonly line: ConfigNode;
  readonly host: Host;
  readonly owners: Map<string, Host>;
}

function checkOwner({ word, line, host, owners }: Named, report: Report): void {
  let shadowed: string | undefined;
  for (const address of host.addresses) {
    const key = `${address} ${word}`;
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, host);
    else if (owner !== host) shadowed = address;
  }
  if (shadowed === undefined || word.includes('${')) return;
  report({
    code: 'AL1902',
    span: line.span,
    message: `${word} at ${shadowed} belongs to an earlier <VirtualHost>, which gets its requests`,
    hint: 'name it in one of them only',
  });
}

function checkTwice(host: ConfigNode, report: Report): void {
  const seen = new Set<string>();
  for (const line of host.children ?? []) {
    if (line.key !== 'serveralias') continue;
    for (const word of wordsOf(line)) {
      const name = word.toLowerCase();
      if (seen.has(name)) {
        report({
          code: 'AL1903',
          span: line.span,
          severity: 'note',
          message: `${word} is listed twice`,
          hint: 'remove one of them',
        });
      }
      seen.add(name);
    }
  }
}

function checkAlias(node: ConfigNode, report: Report): void {
  for (const word of wordsOf(node)) {
    if (word.includes('${') || !/\/|,|:\d+$/.test(word)) continue;
    const name = word
      .replace(/^[a-z]+:\/\//i, '')
      .replace(/[/,].*$/, '')
      .replace(/:\d+$/, '');
    report({
      code: 'AL1904',
      span: node.span,
      message: `no request is for the host ${word}: a ServerAlias is a name and nothing else`,
      hint: word.includes(',') ? 'separate the names by spaces' : `write ${name}`,
    });
  }
}

function checkPorts({ tree }: LintUnit, hosts: readonly Host[], report: Report): void {
  const ports = new Set<string>();
  for (const node of tree) {
    if (node.key !== 'listen') continue;
    ports.add(/(\d+)$/.exec(wordsOf(node)[0] ?? '')?.[1] ?? '');
  }
  for (const { node, addresses } of hosts) {
    const missing = addresses
      .map((address) => /:(\d+)$/.exec(address)?.[1])
      .find((port) => port !== undefined && !ports.has(port));
    if (missing === undefined) continue;
    report({
      code: 'AL1905',
      span: node.span,
      message: `nothing listens on port ${missing}`,
      hint: `write Listen ${missing} outside of <VirtualHost>`,
    });
  }
}

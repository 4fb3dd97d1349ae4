/** Rows of the forward proxy: ProxyRequests, ProxyRemote, ProxyRemoteMatch, NoProxy, ProxyBlock, ProxyDomain. */
import {
  type ApplyResult,
  type Command,
  RSRC_CONF,
  type Shape,
  type ShapeArgs,
} from '../../../config/directive.ts';
import { compileDirectivePcre } from '../../../config/patterns.ts';
import { atoi } from '../../../config/values.ts';
import type { Pcre } from '../../../lib/pcre/index.ts';
import type { ProxyDirConf, ProxyServerConf, RemoteRule } from '../shared/config.ts';
import { directHost } from '../shared/host-lists.ts';
import { defaultPortOf } from '../shared/url.ts';
import type { Row } from './pass-rows.ts';

type Cmd = Command<ProxyServerConf, ProxyDirConf>;

function row<K extends Shape>(
  name: string,
  shape: K,
  usage: string,
  apply: (cmd: Cmd, ...args: ShapeArgs[K]) => ApplyResult,
): Row {
  return { name, shape, where: RSRC_CONF, usage, apply } as Row;
}

const BAD_REMOTE_PATTERN = 'Regular expression for ProxyRemoteMatch could not be compiled.';

/** ProxyRemote and ProxyRemoteMatch (add_proxy). */
function proxyRemote(
  cmd: Cmd,
  pattern: string,
  remote: string,
  credentials: string | undefined,
): ApplyResult {
  const isRegex = cmd.node.key === 'proxyremotematch';
  const name = isRegex ? 'ProxyRemoteMatch' : 'ProxyRemote';
  const parsed = /^([^:]*):\/\/([^:]+)(?::(.*))?$/s.exec(remote);
  if (parsed === null) return `${name}: Bad syntax for a remote proxy server`;
  const [, scheme = '', host = '', digits] = parsed;
  const written = digits === undefined ? -1 : readPort(digits);
  if (written === undefined) return `${name}: Bad syntax for a remote proxy server (bad port number)`;
  const regex = isRegex ? compileDirectivePcre(pattern, BAD_REMOTE_PATTERN) : undefined;
  if (regex !== undefined && 'message' in regex) return regex;
  cmd.server.remotes ??= [];
  cmd.server.remotes.push({
    matches: regex === undefined ? matcherOf(pattern) : regexMatcher(regex),
    remote: {
      scheme,
      host: host.toLowerCase(),
      port: written < 0 ? defaultPortOf(scheme.toLowerCase()) : written,
      credentials:
        credentials === undefined ? undefined : Buffer.from(credentials, 'latin1').toString('base64'),
    },
  });
  return undefined;
}

/** As sscanf() reads "%u": what stands behind the digits does not count, and "-1" is no port but the scheme's own. */
function readPort(text: string): number | undefined {
  if (!/^\s*[+-]?\d/.test(text)) return undefined;
  const port = atoi(text);
  return port > 65535 || port < -1 ? undefined : port;
}

function regexMatcher(regex: Pcre): RemoteRule['matches'] {
  return (_scheme, url) => regex.test(url);
}

/** `*`, a scheme, or the beginning of URLs. */
function matcherOf(pattern: string): RemoteRule['matches'] {
  if (pattern === '*') return () => true;
  const lower = pattern.toLowerCase();
  if (!pattern.includes(':')) return (scheme) => scheme === lower;
  return (_scheme, url) => url.slice(0, lower.length).toLowerCase() === lower;
}

export const forwardRows: readonly Row[] = [
  row(
    'ProxyRequests',
    'FLAG',
    'on if the true proxy requests should be accepted',
    (cmd, on) => void (cmd.server.isForward = on),
  ),
  row('ProxyRemote', 'TAKE23', "a scheme, partial URL or '*' and a proxy server", proxyRemote),
  row('ProxyRemoteMatch', 'TAKE23', 'a regex pattern and a proxy server', proxyRemote),
  row(
    'ProxyBlock',
    'ITERATE',
    'A list of names, hosts or domains to which the proxy will not connect',
    (cmd, name) => {
      cmd.server.blocks ??= [];
      if (!cmd.server.blocks.includes(name)) cmd.server.blocks.push(name);
      return undefined;
    },
  ),
  row(
    'NoProxy',
    'ITERATE',
    'A list of domains, hosts, or subnets to which the proxy will connect directly',
    (cmd, name) => {
      cmd.server.directHosts ??= [];
      cmd.server.directHosts.push(directHost(name));
      return undefined;
    },
  ),
  row(
    'ProxyDomain',
    'TAKE1',
    'The default intranet domain name (in absence of a domain in the URL)',
    (cmd, domain) => {
      if (!domain.startsWith('.')) return 'ProxyDomain: domain name must start with a dot.';
      cmd.server.domain = domain;
      return undefined;
    },
  ),
];

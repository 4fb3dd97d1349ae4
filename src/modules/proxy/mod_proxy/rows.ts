/** The other rows of mod_proxy: what holds for all workers, and how answers are rewritten. */
import { isIP } from 'node:net';
import {
  ACCESS_CONF,
  type ApplyResult,
  type Command,
  NOT_IN_DIRECTORY,
  NOT_IN_FILES,
  RSRC_CONF,
  type Shape,
  type ShapeArgs,
} from '../../../config/directive.ts';
import { atoi, parseLong } from '../../../config/values.ts';
import type { ProxyDirConf, ProxyServerConf, ReverseAlias } from '../shared/config.ts';
import type { Row } from './pass-rows.ts';

type Cmd = Command<ProxyServerConf, ProxyDirConf>;

const ANYWHERE = RSRC_CONF | ACCESS_CONF;

function row<K extends Shape>(
  name: string,
  shape: K,
  where: number,
  usage: string,
  apply: (cmd: Cmd, ...args: ShapeArgs[K]) => ApplyResult,
  more: { forbidden?: number; noEffect?: string } = {},
): Row {
  return { name, shape, where, usage, apply, ...more } as Row;
}

function oneOf<T extends string>(words: readonly T[], value: string): T | undefined {
  const lower = value.toLowerCase();
  return words.find((word) => word === lower);
}

function proxyTimeout(cmd: Cmd, value: string): ApplyResult {
  const timeout = atoi(value) * 1000;
  if (timeout < 1000) return 'Proxy Timeout must be at least 1 second.';
  cmd.server.timeout = timeout;
  return undefined;
}

function bufferSizeFault(cmd: Cmd, size: number): ApplyResult {
  return size < 512 && size !== 0
    ? `${cmd.node.name} must be >= 512 bytes, or 0 for system default.`
    : undefined;
}

function proxyMaxForwards(cmd: Cmd, value: string): ApplyResult {
  const most = atoi(value);
  cmd.server.maxForwards = most < 0 ? -1 : most;
  return undefined;
}

function proxyErrorOverride(cmd: Cmd, words: readonly string[]): ApplyResult {
  const [first, ...codes] = words;
  if (first === undefined) {
    return `ProxyErrorOverride requires at least one argument, ${ERROR_OVERRIDE_USAGE}`;
  }
  const isOn = first.toLowerCase() === 'on';
  if (!isOn && first.toLowerCase() !== 'off')
    return 'ProxyErrorOverride first parameter must be one of: off | on';
  cmd.dir.overridesErrors = isOn;
  for (const code of codes) {
    if (!/^\d+$/.test(code)) return 'ProxyErrorOverride: status codes to intercept must be numeric';
    if (!isOn) return "ProxyErrorOverride: status codes must follow a value of 'on'";
    const status = Number(code);
    if (status < 400 || status > 599) {
      return 'ProxyErrorOverride: status codes to intercept must be valid HTTP Status Codes >=400 && <600';
    }
    cmd.dir.errorCodes = [...(cmd.dir.errorCodes ?? []), status];
  }
  return undefined;
}
const ERROR_OVERRIDE_USAGE = "use our error handling pages instead of the servers' we are proxying";

function proxySourceAddress(cmd: Cmd, address: string): ApplyResult {
  if (isIP(address) === 0) return 'ProxySourceAddress invalid value';
  cmd.server.sourceAddress = address;
  return undefined;
}

/** Two texts and perhaps `interpolate`; inside a section the first one is the section's path. */
function proxyPassReverse(cmd: Cmd, a: string, b: string | undefined, c: string | undefined): ApplyResult {
  const path = cmd.path;
  if (path === undefined) {
    if (b === undefined || b.toLowerCase() === 'interpolate') {
      return 'ProxyPassReverse needs a path when not defined in a location';
    }
    return addReverse(cmd, 'reverseAliases', a, b, c?.toLowerCase() === 'interpolate');
  }
  const isInterpolated = b?.toLowerCase() === 'interpolate';
  if (b !== undefined && !isInterpolated)
    return 'ProxyPassReverse can not have a path when defined in a location';
  return addReverse(cmd, 'reverseAliases', path, a, isInterpolated);
}

type ReverseKey = 'reverseAliases' | 'cookiePaths' | 'cookieDomains';

function addReverse(cmd: Cmd, key: ReverseKey, from: string, to: string, isInterpolated: boolean): undefined {
  const alias: ReverseAlias = { from, to, isInterpolated };
  const { dir } = cmd;
  dir[key] ??= [];
  dir[key].push(alias);
  return undefined;
}

/** The backend's text comes first in the directive. */
function cookieMap(key: 'cookiePaths' | 'cookieDomains') {
  return (cmd: Cmd, internal: string, external: string, option: string | undefined): ApplyResult =>
    addReverse(cmd, key, external, internal, option?.toLowerCase() === 'interpolate');
}

export const otherRows: readonly Row[] = [
  row(
    'ProxyPassInterpolateEnv',
    'FLAG',
    ANYWHERE,
    'Interpolate Env Vars in reverse Proxy',
    (cmd, on) => void (cmd.dir.interpolatesEnv = on),
  ),
  row(
    'ProxyPassReverse',
    'TAKE123',
    ANYWHERE,
    'a virtual path and a URL for reverse proxy behaviour',
    proxyPassReverse,
    { forbidden: NOT_IN_DIRECTORY | NOT_IN_FILES },
  ),
  row(
    'ProxyPassReverseCookiePath',
    'TAKE23',
    ANYWHERE,
    'Path rewrite rule for proxying cookies',
    cookieMap('cookiePaths'),
  ),
  row(
    'ProxyPassReverseCookieDomain',
    'TAKE23',
    ANYWHERE,
    'Domain rewrite rule for proxying cookies',
    cookieMap('cookieDomains'),
  ),
  row(
    'ProxyReceiveBufferSize',
    'TAKE1',
    RSRC_CONF,
    'Receive buffer size for outgoing HTTP and FTP connections in bytes',
    (cmd, value) => bufferSizeFault(cmd, atoi(value)),
    { noEffect: 'the system sizes the buffers of sockets; so it is with receivebuffersize= of workers' },
  ),
  row(
    'ProxyIOBufferSize',
    'TAKE1',
    RSRC_CONF,
    'IO buffer size for outgoing HTTP and FTP connections in bytes',
    (cmd, value) => {
      // Kept in 64 bits, unlike the other.
      const size = Number(parseLong(value).value);
      cmd.server.ioBufferSize = size;
      return bufferSizeFault(cmd, size);
    },
  ),
  row(
    'ProxyMaxForwards',
    'TAKE1',
    RSRC_CONF,
    'The maximum number of proxies a request may be forwarded through.',
    proxyMaxForwards,
  ),
  row(
    'ProxyVia',
    'TAKE1',
    RSRC_CONF,
    'Configure Via: proxy header header to one of: on | off | block | full',
    (cmd, value) => {
      const via = oneOf(['off', 'on', 'full', 'block'], value);
      if (via === undefined) return 'ProxyVia must be one of: off | on | full | block';
      cmd.server.via = via;
      return undefined;
    },
  ),
  row('ProxyErrorOverride', 'TAKE_ARGV', ANYWHERE, ERROR_OVERRIDE_USAGE, proxyErrorOverride),
  row(
    'ProxyPreserveHost',
    'FLAG',
    ANYWHERE,
    'on if we should preserve host header while proxying',
    (cmd, on) => void (cmd.dir.preservesHost = on),
  ),
  row(
    'ProxyTimeout',
    'TAKE1',
    RSRC_CONF,
    'Set the timeout (in seconds) for a proxied connection. This overrides the server timeout',
    proxyTimeout,
  ),
  row(
    'ProxyBadHeader',
    'TAKE1',
    RSRC_CONF,
    'How to handle bad header line in response: IsError | Ignore | StartBody',
    (cmd, value) => {
      const mode = oneOf(['iserror', 'ignore', 'startbody'], value);
      if (mode === undefined) return 'ProxyBadHeader must be one of: IsError | Ignore | StartBody';
      cmd.server.badHeader = mode;
      return undefined;
    },
  ),
  row(
    'ProxyStatus',
    'TAKE1',
    RSRC_CONF,
    'Configure Status: proxy status to one of: on | off | full',
    (cmd, value) => {
      const status = oneOf(['off', 'on', 'full'], value);
      if (status === undefined) return 'ProxyStatus must be one of: off | on | full';
      cmd.server.status = status;
      return undefined;
    },
  ),
  row(
    'ProxySourceAddress',
    'TAKE1',
    RSRC_CONF,
    'Configure local source IP used for request forward',
    proxySourceAddress,
  ),
  row(
    'ProxyAddHeaders',
    'FLAG',
    ANYWHERE,
    'on if X-Forwarded-* headers should be added or completed',
    (cmd, on) => void (cmd.dir.addsHeaders = on),
  ),
  row(
    'Proxy100Continue',
    'FLAG',
    ANYWHERE,
    'on if 100-Continue should be forwarded to the origin server, off if the proxy should handle it by itself',
    (cmd, on) => void (cmd.dir.forwardsContinue = on),
  ),
];

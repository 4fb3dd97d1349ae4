/** mod_authz_host: Require ip, host, forward-dns and local (modules/aaa/mod_authz_host.c). Names are looked up without waiting in the way. */
import type { DirectiveError } from '../../config/directive.ts';
import { getWord } from '../../config/words.ts';
import { clientHostName, clientIp, isInDomain, isSameAddress, resolveHost } from '../../core/client-host.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthzAnswer, AuthzProvider, AuthzResult } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';
import { compileRequireText, lineWords, type RequireText } from '../../core/require-words.ts';
import { CidrError, type IpSubnet, parseSubnet } from '../../lib/cidr.ts';

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'authz_host', level, tag, message);

/** `Require ip 10.1 192.168.0.0/16 ::1`: addresses, networks, leading bytes. */
const requireIp: AuthzProvider = {
  compile(_cmd, args) {
    const subnets = parseSubnets(args);
    if (!Array.isArray(subnets)) return subnets;
    return (r) => (isInOneOf(subnets, r) ? 'granted' : 'denied');
  },
};

function parseSubnets(args: string): IpSubnet[] | DirectiveError {
  const subnets: IpSubnet[] = [];
  for (let rest = args; ; ) {
    const [word, more] = getWord(rest);
    if (word === '') break;
    try {
      subnets.push(parseSubnet(word));
    } catch (error) {
      if (!(error instanceof CidrError)) throw error;
      return {
        message: error.message,
        offset: args.length - rest.trimStart().length,
        length: word.length,
      };
    }
    rest = more;
  }
  return subnets.length > 0 ? subnets : { message: "'require ip' requires an argument" };
}

function isInOneOf(subnets: readonly IpSubnet[], r: Request): boolean {
  const address = clientIp(r);
  for (let i = 0; i < subnets.length; i++) if ((subnets[i] as IpSubnet).matches(address)) return true;
  return false;
}

/** Text of a line up to a `#`: who writes a comment behind the names does not mean its words to be names. */
function withoutComment(r: Request, line: RequireText, raw: string): string | undefined {
  const text = line(r);
  if (typeof text !== 'string') {
    const message = `authz_host authorize: require host: Can't evaluate require expression: ${text.message}`;
    log(r, Level.error, 'AH02593', message);
    return undefined;
  }
  const hash = text.indexOf('#');
  if (hash < 0) return text;
  if (hash === 0) {
    const message = `authz_host authorize: dubious empty 'Require host ${raw}' with only comment`;
    log(r, Level.error, 'AH10120', message);
    return undefined;
  }
  log(r, Level.warn, 'AH10121', `authz_host authorize: ignoring comment in 'Require host ${raw}'`);
  return text.slice(0, hash);
}

/** `Require host example.org .net`: the client's confirmed name is, or lies in, one of the domains. */
const requireHost: AuthzProvider = {
  compile(cmd, args) {
    const line = compileRequireText(args, cmd.isHtaccess);
    if (typeof line !== 'function') return line;
    const check = (r: Request, name: string | undefined): AuthzResult => {
      if (name === undefined) {
        const message = `access check of '${args}' to ${r.uri} failed, reason: unable to get the remote host name`;
        log(r, Level.error, 'AH01753', message);
        return 'denied';
      }
      const text = withoutComment(r, line, args);
      if (text === undefined) return 'denied';
      return lineWords(line, text).some((domain) => isInDomain(domain, name)) ? 'granted' : 'denied';
    };
    return (r) => {
      const name = clientHostName(r);
      return name instanceof Promise ? name.then((found) => check(r, found)) : check(r, name);
    };
  },
};

/** `Require forward-dns dynamic.example.org`: the client has an address of one of the names. */
const requireForwardDns: AuthzProvider = {
  compile(cmd, args) {
    const line = compileRequireText(args, cmd.isHtaccess);
    if (typeof line !== 'function') return line;
    return (r) => {
      const text = line(r);
      if (typeof text !== 'string') {
        const message = `authz_host authorize: require forward-dns: Can't evaluate require expression: ${text.message}`;
        log(r, Level.error, 'AH03354', message);
        return 'denied';
      }
      const hash = text.indexOf('#');
      return askNames(r, lineWords(line, hash < 0 ? text : text.slice(0, hash)), 0);
    };
  },
};

function askNames(r: Request, names: readonly string[], from: number): AuthzAnswer {
  for (let i = from; i < names.length; i++) {
    const name = names[i] as string;
    const found = resolveHost(name);
    if (found instanceof Promise) {
      return found.then((addresses) => (isOneOf(r, name, addresses) ? 'granted' : askNames(r, names, i + 1)));
    }
    if (isOneOf(r, name, found)) return 'granted';
  }
  return 'denied';
}

function isOneOf(r: Request, name: string, addresses: readonly Uint8Array[] | undefined): boolean {
  if (addresses === undefined) {
    log(r, Level.warn, 'AH03356', `No sockaddr info for "${name}"`);
    return false;
  }
  const own = clientIp(r);
  const isOne = addresses.some((address) => isSameAddress(address, own));
  log(r, Level.debug, 'AH03355', `access check for ${r.clientAddr} as '${name}': ${isOne ? 'yes' : 'no'}`);
  return isOne;
}

const LOOPBACK = [parseSubnet('127.0.0.0/8'), parseSubnet('::1')];

/** `Require local`: a loopback address, or the connection's two ends have the same one. What stands behind it is not looked at. */
const requireLocal: AuthzProvider = {
  compile() {
    return (r) => (isInOneOf(LOOPBACK, r) || r.clientAddr === r.connection.localAddr ? 'granted' : 'denied');
  },
};

export const modAuthzHost = defineModule({
  name: 'authz_host_module',
  file: 'mod_authz_host.c',
  authzProviders: { ip: requireIp, host: requireHost, 'forward-dns': requireForwardDns, local: requireLocal },
});

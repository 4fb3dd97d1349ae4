/** Prefixes, URLs and file names: the pure part of mod_alias. */
import { escapeUri } from '../../../http/escape.ts';

const SLASH = 0x2f;

/**
 * How many characters of `uri` the prefix `fake` takes; 0 when it does not match. A run of slashes in one matches any run in the other, and a
 * prefix ends at a component's end (alias_matches).
 */
export function aliasMatches(uri: string, fake: string): number {
  let u = 0;
  let f = 0;
  while (f < fake.length) {
    const c = fake.charCodeAt(f);
    if (uri.charCodeAt(u) !== c) return 0;
    f++;
    u++;
    if (c === SLASH) {
      while (fake.charCodeAt(f) === SLASH) f++;
      while (uri.charCodeAt(u) === SLASH) u++;
    }
  }
  const endsInSlash = fake.charCodeAt(fake.length - 1) === SLASH;
  return !endsInSlash && u < uri.length && uri.charCodeAt(u) !== SLASH ? 0 : u;
}

/** ap_is_url: begins with something like a scheme (RFC 3986 section 3.1). */
export function isUrl(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text);
}

/** Ports that apr_uri_unparse leaves out (apr_uri_port_of_scheme). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  acap: 674,
  ftp: 21,
  gopher: 70,
  http: 80,
  https: 443,
  imap: 143,
  ldap: 389,
  nntp: 119,
  nfs: 2049,
  pop: 110,
  prospero: 1525,
  rtsp: 554,
  sip: 5060,
  snews: 563,
  telnet: 23,
  tip: 3372,
  wais: 210,
  'z39.50r': 210,
  'z39.50s': 210,
};

/**
 * Escapes what a regular expression or an expression made, all but its query and fragment. On the way the URL is taken apart and put together
 * (apr_uri_unparse), which leaves out a default port and masks a password.
 */
export function escapeTarget(target: string): string {
  const parts = /^(?!\/)(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(
    target,
  );
  if (parts === null) {
    const end = target.search(/[?#]/);
    return end < 0 ? escapeUri(target) : escapeUri(target.slice(0, end)) + target.slice(end);
  }
  const [, scheme, authority, path = '', query = '', fragment = ''] = parts;
  let url = scheme === undefined ? '' : `${scheme}:`;
  if (authority !== undefined) url += `//${shownAuthority(authority, scheme)}`;
  return escapeUri(url + path) + query + fragment;
}

function shownAuthority(authority: string, scheme: string | undefined): string {
  const at = authority.lastIndexOf('@');
  const userInfo = at < 0 ? '' : `${authority.slice(0, at).replace(/:.*$/s, ':XXXXXXXX')}@`;
  const host = authority.slice(at + 1);
  const port = /:(\d*)$/.exec(host);
  if (port === null) return userInfo + host;
  const number = Number(port[1]);
  const isDefault = number === 0 || number === DEFAULT_PORTS[(scheme ?? '').toLowerCase()];
  return userInfo + (isDefault ? host.slice(0, port.index) : host);
}

/** An absolute file name without `//`, `/./` and `/../` (apr_filepath_merge on ServerRoot). */
export function rootRelativeFile(serverRoot: string, name: string): string {
  const full = name.startsWith('/') ? name : `${serverRoot.replace(/\/$/, '')}/${name}`;
  if (!/\/[./]/.test(full)) return full;
  const kept: string[] = [];
  for (const part of full.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  const isFolder = /\/\.{0,2}$/.test(full) && kept.length > 0;
  return `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

/** Directives that httpd 2.4 does not have: those of well-known other modules, and those of older versions. */

/** By the start of the name, lower case. */
const OWNERS: readonly (readonly [start: string, module: string])[] = [
  ['php_', 'mod_php'],
  ['phpinidir', 'mod_php'],
  ['sec', 'mod_security'],
  ['wsgi', 'mod_wsgi'],
  ['passenger', 'Phusion Passenger'],
  ['perl', 'mod_perl'],
  ['python', 'mod_python'],
  ['jk', 'mod_jk'],
  ['shib', 'mod_shib'],
  ['xsendfile', 'mod_xsendfile'],
  ['modpagespeed', 'mod_pagespeed'],
  ['fcgid', 'mod_fcgid'],
  ['fastcgi', 'mod_fastcgi'],
  ['dos', 'mod_evasive'],
  ['geoip', 'mod_geoip'],
  ['maxminddb', 'mod_maxminddb'],
  ['qs_', 'mod_qos'],
  ['svn', 'mod_dav_svn'],
  ['authzsvn', 'mod_authz_svn'],
  ['mellon', 'mod_auth_mellon'],
  ['oidc', 'mod_auth_openidc'],
  ['cas', 'mod_auth_cas'],
  ['authmysql', 'mod_auth_mysql'],
  ['authpam', 'mod_auth_pam'],
  ['auth_tkt', 'mod_auth_tkt'],
  ['tkt', 'mod_auth_pubtkt'],
  ['rpaf', 'mod_rpaf'],
  ['suphp', 'mod_suphp'],
  ['assignuserid', 'mpm_itk'],
];

/** What became of directives of httpd 1.3 to 2.2. */
const REMOVED: Readonly<Record<string, string>> = {
  rewritelog: 'httpd 2.4 has no RewriteLog: write "LogLevel rewrite:trace3", the ErrorLog gets it',
  rewriteloglevel: 'httpd 2.4 has no RewriteLogLevel: write "LogLevel rewrite:trace3"',
  rewritelock: 'httpd 2.4 has no RewriteLock: write "Mutex default rewrite-map", or leave it out',
  lockfile: 'httpd 2.4 has no LockFile: write "Mutex file:/path default", or leave it out',
  acceptmutex: 'httpd 2.4 has no AcceptMutex: write "Mutex sysvsem mpm-accept", or leave it out',
  sslmutex: 'httpd 2.4 has no SSLMutex: write "Mutex default ssl-cache", or leave it out',
  cookielog: 'httpd 2.4 has no CookieLog: write a LogFormat with %{name}C and CustomLog',
  authdigestfile: 'httpd 2.4 has no AuthDigestFile: write AuthUserFile',
  authdigestenablequeryhack:
    'it is gone: BrowserMatch "MSIE" AuthDigestEnableQueryStringHack=On does the same',
  authauthoritative: 'httpd 2.4 has no AuthAuthoritative: write AuthBasicAuthoritative, or leave it out',
  authzldapauthoritative: 'httpd 2.4 has no AuthzLDAPAuthoritative: leave it out',
  authzgroupfileauthoritative: 'httpd 2.4 has no AuthzGroupFileAuthoritative: leave it out',
  authzuserauthoritative: 'httpd 2.4 has no AuthzUserAuthoritative: leave it out',
  authzdefaultauthoritative: 'httpd 2.4 has no AuthzDefaultAuthoritative: leave it out',
  port: 'httpd 2 has no Port: write Listen, and the port in ServerName',
  servertype: 'httpd 2 has no ServerType: leave it out',
  clearmodulelist: 'httpd 2 has no ClearModuleList: leave it out',
  addmodule: 'httpd 2 has no AddModule: LoadModule is enough',
  bindaddress: 'httpd 2 has no BindAddress: write Listen with an address',
  resourceconfig: 'httpd 2 has no ResourceConfig: write Include',
  accessconfig: 'httpd 2 has no AccessConfig: write Include',
};

/** What to say of a directive that no module of httpd 2.4 has; undefined: nothing is known of it. */
export function foreignHint(name: string): string | undefined {
  const key = name.toLowerCase();
  const removed = Object.hasOwn(REMOVED, key) ? REMOVED[key] : undefined;
  if (removed !== undefined) return removed;
  const plain = key.replace(/^</, '');
  const module = OWNERS.find(([start]) => plain.startsWith(start))?.[1];
  if (module === undefined) return undefined;
  if (module !== 'mod_php') return `it is a directive of ${module}: put it into <IfModule> of that module`;
  return 'it is a directive of mod_php: with PHP-FPM write the setting into .user.ini or the pool, or put the line into <IfModule> of mod_php';
}

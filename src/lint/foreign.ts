/** Directives of well-known modules that are not httpd's own, told by how their names begin; config/legacy-directives.ts knows more of some. */

/** By the start of the name, lower case. */
const OWNERS: readonly (readonly [start: string, module: string])[] = [
  ['php_', 'mod_php'],
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

/** Of which module a directive that httpd does not have is likely to be; undefined: nothing is known of it. */
export function foreignHint(name: string): string | undefined {
  const plain = name.toLowerCase().replace(/^</, '');
  const module = OWNERS.find(([start]) => plain.startsWith(start))?.[1];
  return module && `it is a directive of ${module}: put it into <IfModule> of that module`;
}

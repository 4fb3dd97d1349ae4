/**
 * Directives of httpd 1.3, 2.0 and 2.2 that 2.4 no longer knows, and of modules that are often found in configurations but are no part of httpd: what to
 * write today. httpd says "Invalid command" to all of them; those that it still answers itself (NameVirtualHost, Port, SSLLog, ...) have rows.
 */

/** Advice by the names it is for. */
const ADVICE: readonly (readonly [names: string, advice: string])[] = [
  [
    'LockFile AcceptMutex',
    'httpd 2.4 has "Mutex file:path mpm-accept" for it; apache-lite needs none: remove the line',
  ],
  ['SSLMutex', 'httpd 2.4 has "Mutex" for it; apache-lite needs none: remove the line'],
  [
    'RewriteLock',
    'httpd 2.4 has "Mutex file:path rewrite-map" for it; apache-lite needs none: remove the line',
  ],
  [
    'RewriteLog RewriteLogLevel',
    'write "LogLevel rewrite:trace3" (trace1 to trace8): the lines go to the ErrorLog',
  ],
  ['MaxRequestsPerThread', 'write MaxConnectionsPerChild'],
  ['StartThreads MaxThreads NumServers', 'write StartServers, ThreadsPerChild and MaxRequestWorkers'],
  ['MaxThreadsPerChild', 'write ThreadsPerChild'],
  ['BindAddress', 'write "Listen address:port"'],
  ['ServerType', 'there is only the standalone kind: remove the line'],
  ['ResourceConfig AccessConfig', 'write "Include file", or "IncludeOptional file" where it may be missing'],
  ['AddModule ClearModuleList', 'LoadModule is enough since httpd 2.0: remove the line'],
  ['AgentLog', 'write CustomLog with "%{User-agent}i"'],
  ['RefererLog', 'write CustomLog with "%{Referer}i -> %U"'],
  ['RefererIgnore', 'write SetEnvIf Referer ... dontlog, and CustomLog ... env=!dontlog'],
  ['CookieLog', 'write CustomLog with "%{name}C", of mod_usertrack\'s cookie for instance'],
  [
    'AuthAuthoritative AuthUserFileAuthoritative AuthDBMAuthoritative AuthDBAuthoritative Anonymous_Authoritative',
    'write AuthBasicAuthoritative, and name the stores in their order by AuthBasicProvider',
  ],
  [
    'AuthzUserAuthoritative AuthzGroupFileAuthoritative AuthzDBMAuthoritative AuthzOwnerAuthoritative AuthzDefaultAuthoritative AuthzLDAPAuthoritative AuthGroupAuthoritative AuthLDAPAuthoritative',
    'since httpd 2.4 no kind of Require ends the search: combine them by <RequireAll>, <RequireAny> and <RequireNone>, and remove the line',
  ],
  ['AuthDBUserFile', 'write "AuthBasicProvider dbm" and AuthDBMUserFile'],
  ['AuthDBGroupFile', 'write AuthDBMGroupFile'],
  ['AuthDigestFile', 'write "AuthDigestProvider file" and AuthUserFile'],
  ['AuthDigestGroupFile', 'write AuthGroupFile'],
  ['AuthDigestNonceFormat', 'no httpd has ever done anything with it: remove the line'],
  ['AuthLDAPEnabled', 'write "AuthBasicProvider ldap"; mod_authnz_ldap is no part of apache-lite'],
  ['AuthLDAPFrontPageHack', 'remove the line'],
  [
    'LDAPTrustedCA LDAPTrustedCAType',
    'httpd 2.4 has LDAPTrustedGlobalCert for it; mod_ldap is no part of apache-lite',
  ],
  [
    'AssignUserID ChildPerUserID',
    'of the perchild and itk MPMs: give each user a php-fpm pool, and name its socket in the virtual host',
  ],
  ['SSLDisable', 'of Apache-SSL; write "SSLEngine off"'],
  ['SSLEnable', 'of Apache-SSL; write "SSLEngine on"'],
  ['SSLCacheServerPath SSLCacheServerPort SSLCacheServerRunDir', 'of Apache-SSL; write SSLSessionCache'],
  ['SSLFakeBasicAuth', 'of Apache-SSL; write "SSLOptions +FakeBasicAuth"'],
  ['SSLRequireCipher SSLRequiredCiphers SSLBanCipher', 'of Apache-SSL; write SSLCipherSuite'],
  ['SSLNoCAList', 'of Apache-SSL; write SSLCADNRequestFile'],
  [
    'CacheSize CacheGcInterval CacheGcDaily CacheGcUnused CacheGcClean CacheGcMemUsage CacheTimeMargin CacheExpiryCheck CacheForceCompletion CacheOn MCacheSize MCacheMaxObjectCount MCacheMinObjectSize MCacheMaxObjectSize MCacheRemovalAlgorithm MCacheMaxStreamingBuffer',
    'httpd 2.4 does without it (mod_mem_cache is gone, disk caches are cleaned by htcacheclean): remove the line',
  ],
  ['ProtocolReqCheck', 'httpd 2.4 has HttpProtocolOptions for it'],
  ['SimpleProcCount SimpleThreadCount', 'of the simple MPM; write ServerLimit and ThreadsPerChild'],
  ['BS2000Account', 'of BS2000 machines, on which httpd 2.4 does not run: remove the line'],
  ['Win32DisableAcceptEx', 'write "AcceptFilter http none"; it means something on Windows only'],
  ['SecFilterEngine SecFilterScanPOST SecFilterSelective', 'of mod_security 1, which is no part of httpd'],
  ['ExtendedStats', 'write ExtendedStatus'],
  [
    'php_value php_flag',
    'a directive of mod_php: write it into php.ini, the pool of php-fpm or a .user.ini file; or say "PHPDirectives fcgi" in the server\'s configuration, and it is sent to php-fpm',
  ],
  [
    'php_admin_value php_admin_flag',
    'a directive of mod_php: write php_admin_value[name] into the pool of php-fpm; or say "PHPDirectives fcgi" in the server\'s configuration, and it is sent to php-fpm',
  ],
  ['PHPINIDir', 'a directive of mod_php; php-fpm is told by "php-fpm -c directory"'],
  [
    'php3_engine php4_engine php_engine',
    'a directive of mod_php: leave the handler of PHP out where it is not wanted',
  ],
  [
    'FcgidInitialEnv FcgidWrapper FcgidConnectTimeout FcgidIOTimeout FcgidBusyTimeout FcgidMaxRequestLen FcgidMinProcessesPerClass FcgidMaxRequestsPerProcess FcgidIPCDir FcgidProcessTableFile FCGIWrapper IPCConnectTimeout IPCCommTimeout BusyTimeout IdleTimeout ProcessLifeTime MaxRequestLen SocketPath DefaultInitEnv DefaultMaxClassProcessCount DefaultMinClassProcessCount',
    'of mod_fcgid: let the application listen by itself (php-fpm, spawn-fcgi, apache-lite\'s fcgistarter), and write SetHandler "proxy:unix:/path/to.sock|fcgi://localhost/"',
  ],
  [
    'FastCgiExternalServer FastCgiServer FastCgiConfig FastCgiIpcDir FastCgiWrapper',
    'of mod_fastcgi: write SetHandler "proxy:fcgi://host:port" or ProxyPass to fcgi://host:port/',
  ],
  [
    'WSGIScriptAlias WSGIDaemonProcess WSGIProcessGroup WSGIApplicationGroup WSGIPassAuthorization WSGIPythonPath WSGIPythonHome WSGIImportScript',
    'of mod_wsgi: run the application by uwsgi or gunicorn, and write ProxyPass to uwsgi:// or http://',
  ],
  ['uWSGISocket', 'of mod_uwsgi: write ProxyPass to uwsgi://host:port/'],
  [
    'PassengerRoot PassengerRuby PassengerEnabled PassengerAppRoot PassengerBaseURI PassengerPython PassengerDefaultUser PassengerDefaultRuby PassengerRestartDir PassengerAppGroupName RailsEnv RailsBaseURI RackBaseURI RubyHandler RubyRequire',
    'of Passenger or mod_ruby: let the application listen by itself (puma, unicorn), and write ProxyPass to http://',
  ],
  [
    'PerlModule PerlHandler PerlResponseHandler PerlSetVar PerlAddVar PerlSetEnv PerlOptions PerlSwitches PerlRequire PerlPostConfigRequire PerlHeaderParserHandler PerlOutputFilterHandler',
    'of mod_perl: run the application by a PSGI server, and write ProxyPass to http://',
  ],
  [
    'PythonHandler PythonDebug PythonPath',
    'of mod_python: run the application by a WSGI server, and write ProxyPass to http:// or uwsgi://',
  ],
  [
    'JkMount JkUnMount JkMountFile JkWorkersFile JkLogFile JkLogLevel JkOptions JkRequestLogFormat JkShmFile JkWatchdogInterval JkEnvVar',
    'of mod_jk: write ProxyPass to ajp://host:8009/, or to balancer:// for several workers',
  ],
  [
    'SecRuleEngine SecRule SecAction SecRequestBodyAccess SecRequestBodyLimit SecRequestBodyNoFilesLimit SecRequestBodyInMemoryLimit SecResponseBodyAccess SecResponseBodyMimeType SecResponseBodyLimit SecAuditEngine SecAuditLog SecAuditLogParts SecAuditLogType SecDebugLog SecDebugLogLevel SecDefaultAction SecDataDir SecTmpDir SecRuleRemoveById SecServerSignature SecArgumentSeparator SecCookieFormat SecUploadDir SecPcreMatchLimit SecPcreMatchLimitRecursion',
    'of ModSecurity, which is no part of httpd: put it into <IfModule mod_security2.c>, as its own files do',
  ],
  [
    'RPAFenable RPAFproxy_ips RPAFsethostname RPAFheader',
    'of mod_rpaf: write RemoteIPHeader and RemoteIPInternalProxy (mod_remoteip)',
  ],
  [
    'mod_gzip_on mod_gzip_dechunk mod_gzip_item_include mod_gzip_item_exclude',
    'of mod_gzip for httpd 1.3: write "AddOutputFilterByType DEFLATE ..."',
  ],
  ['GeoIPEnable GeoIPDBFile', 'of mod_geoip, which is no part of httpd: put it into <IfModule mod_geoip.c>'],
  ['ModPagespeed', 'of mod_pagespeed, which is no part of httpd: put it into <IfModule pagespeed_module>'],
];

let table: Map<string, string> | undefined;

/** What to write instead of a directive that httpd 2.4 does not have; `key` in lower case. */
export function legacyAdvice(key: string): string | undefined {
  if (table === undefined) {
    table = new Map();
    for (const [names, advice] of ADVICE) {
      for (const name of names.split(' ')) table.set(name.toLowerCase(), advice);
    }
  }
  return table.get(key);
}

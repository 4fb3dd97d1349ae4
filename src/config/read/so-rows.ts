/** LoadModule and LoadFile (httpd's modules/core/mod_so.c): all modules are built in, so that loading one is naming it. */
import { type AnyRow, RSRC_CONF } from '../directive.ts';
import type { OnRead } from './on-read.ts';

/** Modules of httpd 2.4 by their structure's name without `_module`: what a configuration may name and we may lack. */
const HTTPD_MODULES = new Set(
  `access_compat actions alias allowmethods asis auth_basic auth_digest auth_form authn_anon authn_core authn_dbd authn_dbm
  authn_file authn_socache authnz_fcgi authnz_ldap authz_core authz_dbd authz_dbm authz_groupfile authz_host authz_owner authz_user
  autoindex brotli bucketeer buffer cache cache_disk cache_socache case_filter case_filter_in cern_meta cgi cgid charset_lite data
  dav dav_fs dav_lock dbd deflate dialup dir dumpio echo env expires ext_filter file_cache filter headers heartbeat heartmonitor
  http2 ident imagemap include info isapi lbmethod_bybusyness lbmethod_byrequests lbmethod_bytraffic lbmethod_heartbeat ldap
  log_config log_debug log_forensic logio lua macro md mime mime_magic mpm_event mpm_prefork mpm_worker mpm_winnt negotiation proxy
  proxy_ajp proxy_balancer proxy_connect proxy_express proxy_fcgi proxy_fdpass proxy_ftp proxy_hcheck proxy_html proxy_http
  proxy_http2 proxy_scgi proxy_uwsgi proxy_wstunnel ratelimit reflector remoteip reqtimeout request rewrite sed session
  session_cookie session_crypto session_dbd setenvif slotmem_plain slotmem_shm socache_dbm socache_memcache socache_redis
  socache_shmcb socache_dc speling ssl status substitute suexec systemd tls unique_id unixd userdir usertrack version vhost_alias
  watchdog xml2enc privileges example_hooks optional_hook_export optional_hook_import optional_fn_import optional_fn_export`.split(
    /\s+/,
  ),
);

/** Whether a module is one of httpd's own, by its structure's name: `dav_module`. */
export function isHttpdModule(name: string): boolean {
  return name.endsWith('_module') && HTTPD_MODULES.has(name.slice(0, -'_module'.length));
}

/** Names of the structures of httpd's own modules. */
export function httpdModuleNames(): readonly string[] {
  return [...HTTPD_MODULES].map((name) => `${name}_module`);
}

/** Never shared objects in any build of httpd. */
const NEVER_LOADABLE = new Set(['core_module', 'http_module', 'so_module']);

const loadModule: OnRead = (cmd, [name = '', file = '']) => {
  const { reading } = cmd;
  reading.loadModuleSeen = true;
  if (NEVER_LOADABLE.has(name)) return `module ${name} is built-in and can't be loaded`;
  if (reading.loaded.has(name)) {
    // What this program always has, other builds of httpd have as shared objects: naming it once is right.
    if (reading.staticModules.has(name)) return undefined;
    cmd.warn('AH01574', `module ${name} is already loaded, skipping`);
    return undefined;
  }
  const module = reading.builtIn.find((one) => one.name === name);
  if (module !== undefined) {
    reading.loaded.set(name, module);
    reading.loadedAt.set(name, cmd.span);
    return undefined;
  }
  if (isHttpdModule(name)) {
    return {
      message: `Cannot load ${file} into server: module ${name} is part of httpd but not of apache-lite`,
      hint: `remove the line, or put it into <IfFile> or <IfDefine> when httpd reads the file too`,
    };
  }
  const message = `Cannot load ${file} into server: module ${name} is not one of httpd's own, and apache-lite loads no shared objects`;
  const meant = reading.builtIn.find((one) => one.file === `${name}.c`);
  if (meant !== undefined) return { message, hint: `the module's name is ${meant.name}` };
  if (!/^php\d*_module$/.test(name)) return { message };
  return {
    message,
    hint: 'run PHP as PHP-FPM: SetHandler "proxy:unix:/run/php/php-fpm.sock|fcgi://localhost/"',
  };
};

const loadFile: OnRead = (cmd, [file = '']) => {
  if (!cmd.reading.fileExists(cmd.reading.serverRootRelative(file))) {
    return `Cannot load ${file} into server: ${file}: cannot open shared object file: No such file or directory`;
  }
  cmd.warn('AL0004', `LoadFile ${file} has no effect: apache-lite loads no shared objects`);
  return undefined;
};

export const soRows: readonly AnyRow<unknown, unknown>[] = [
  {
    name: 'LoadModule',
    shape: 'TAKE2',
    where: RSRC_CONF,
    usage: 'a module name and the name of a shared object file to load it from',
    onRead: loadModule,
    apply: () => undefined,
  },
  {
    name: 'LoadFile',
    shape: 'ITERATE',
    where: RSRC_CONF,
    usage: 'shared object file or library to load into the server at runtime',
    onRead: loadFile,
    apply: () => undefined,
  },
];

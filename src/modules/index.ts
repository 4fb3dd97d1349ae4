/** The built-in modules, in the order httpd loads them. The only registration: a module's place here is its slot in the configurations. */
import type { AnyModule } from '../core/module.ts';
import { modAccessCompat } from './aaa/mod_access_compat.ts';
import { modAllowmethods } from './aaa/mod_allowmethods.ts';
import { modAuthBasic } from './aaa/mod_auth_basic.ts';
import { modAuthDigest } from './aaa/mod_auth_digest/index.ts';
import { modAuthForm } from './aaa/mod_auth_form/index.ts';
import { modAuthnAnon } from './aaa/mod_authn_anon.ts';
import { modAuthnCore } from './aaa/mod_authn_core.ts';
import { modAuthnDbm } from './aaa/mod_authn_dbm.ts';
import { modAuthnFile } from './aaa/mod_authn_file.ts';
import { modAuthnSocache } from './aaa/mod_authn_socache.ts';
import { modAuthzCore } from './aaa/mod_authz_core/index.ts';
import { modAuthzDbm } from './aaa/mod_authz_dbm.ts';
import { modAuthzGroupfile } from './aaa/mod_authz_groupfile.ts';
import { modAuthzHost } from './aaa/mod_authz_host.ts';
import { modAuthzOwner } from './aaa/mod_authz_owner.ts';
import { modAuthzUser } from './aaa/mod_authz_user.ts';
import { modUnixd } from './arch/mod_unixd.ts';
import { modSocacheShmcb } from './cache/mod_socache_shmcb.ts';
import { core } from './core/core.ts';
import { modMacro } from './core/mod_macro.ts';
import { modSo } from './core/mod_so.ts';
import { modWatchdog } from './core/mod_watchdog.ts';
import { mpmEvent, mpmPrefork, mpmWorker } from './core/mpm.ts';
import { modDumpio } from './debugging/mod_dumpio.ts';
import { modBrotli } from './filters/mod_brotli/index.ts';
import { modBuffer } from './filters/mod_buffer.ts';
import { modData } from './filters/mod_data.ts';
import { modDeflate } from './filters/mod_deflate/index.ts';
import { modExtFilter } from './filters/mod_ext_filter/index.ts';
import { modFilter } from './filters/mod_filter.ts';
import { modInclude } from './filters/mod_include/index.ts';
import { modRatelimit } from './filters/mod_ratelimit.ts';
import { modReflector } from './filters/mod_reflector.ts';
import { modReqtimeout } from './filters/mod_reqtimeout.ts';
import { modRequest } from './filters/mod_request.ts';
import { modSubstitute } from './filters/mod_substitute/index.ts';
import { modAsis } from './generators/mod_asis.ts';
import { modAutoindex } from './generators/mod_autoindex/index.ts';
import { modCgi, modCgid } from './generators/mod_cgi/index.ts';
import { modInfo } from './generators/mod_info/index.ts';
import { modStatus } from './generators/mod_status/index.ts';
import { httpCore } from './http/http_core.ts';
import { modMime } from './http/mod_mime/index.ts';
import { modLogConfig } from './loggers/mod_log_config/index.ts';
import { modLogDebug } from './loggers/mod_log_debug.ts';
import { modLogio } from './loggers/mod_logio.ts';
import { modActions } from './mappers/mod_actions.ts';
import { modAlias } from './mappers/mod_alias/index.ts';
import { modDir } from './mappers/mod_dir.ts';
import { modNegotiation } from './mappers/mod_negotiation/index.ts';
import { modRewrite } from './mappers/mod_rewrite/index.ts';
import { modSpeling } from './mappers/mod_speling.ts';
import { modUserdir } from './mappers/mod_userdir.ts';
import { modVhostAlias } from './mappers/mod_vhost_alias.ts';
import { modEnv } from './metadata/mod_env.ts';
import { modExpires } from './metadata/mod_expires.ts';
import { modHeaders } from './metadata/mod_headers/index.ts';
import { modMimeMagic } from './metadata/mod_mime_magic/index.ts';
import { modRemoteip } from './metadata/mod_remoteip/index.ts';
import { modSetenvif } from './metadata/mod_setenvif.ts';
import { modUniqueId } from './metadata/mod_unique_id.ts';
import { modUsertrack } from './metadata/mod_usertrack.ts';
import { modVersion } from './metadata/mod_version.ts';
import { modLbmethodBybusyness } from './proxy/balancers/mod_lbmethod_bybusyness.ts';
import { modLbmethodByrequests } from './proxy/balancers/mod_lbmethod_byrequests.ts';
import { modLbmethodBytraffic } from './proxy/balancers/mod_lbmethod_bytraffic.ts';
import { modLbmethodHeartbeat } from './proxy/balancers/mod_lbmethod_heartbeat.ts';
import { modPhpDirectives } from './proxy/mod_php_directives/index.ts';
import { modProxy } from './proxy/mod_proxy/index.ts';
import { modProxyAjp } from './proxy/mod_proxy_ajp/index.ts';
import { modProxyBalancer } from './proxy/mod_proxy_balancer/index.ts';
import { modProxyConnect } from './proxy/mod_proxy_connect.ts';
import { modProxyFcgi } from './proxy/mod_proxy_fcgi/index.ts';
import { modProxyHcheck } from './proxy/mod_proxy_hcheck/index.ts';
import { modProxyHttp } from './proxy/mod_proxy_http/index.ts';
import { modProxyScgi } from './proxy/mod_proxy_scgi/index.ts';
import { modProxyUwsgi } from './proxy/mod_proxy_uwsgi/index.ts';
import { modProxyWstunnel } from './proxy/mod_proxy_wstunnel.ts';
import { modSession } from './session/mod_session.ts';
import { modSessionCookie } from './session/mod_session_cookie.ts';
import { modSessionCrypto } from './session/mod_session_crypto/index.ts';
import { modSlotmemShm } from './slotmem/mod_slotmem_shm.ts';
import { modSsl } from './ssl/mod_ssl/index.ts';

export const modules: readonly AnyModule[] = [
  core,
  modSo,
  modWatchdog,
  httpCore,
  modLogConfig,
  modLogio,
  modRemoteip,
  modVersion,
  modProxy,
  modProxyConnect,
  modProxyWstunnel,
  modProxyFcgi,
  modPhpDirectives,
  modProxyHttp,
  modProxyAjp,
  modProxyScgi,
  modProxyUwsgi,
  modProxyBalancer,
  modProxyHcheck,
  modSession,
  modSessionCookie,
  modSessionCrypto,
  modSlotmemShm,
  modSsl,
  modLbmethodByrequests,
  modLbmethodBytraffic,
  modLbmethodBybusyness,
  modLbmethodHeartbeat,
  modUnixd,
  mpmEvent,
  mpmWorker,
  mpmPrefork,
  modMacro,
  modAuthnFile,
  modAuthnDbm,
  modAuthnAnon,
  modAuthnSocache,
  modAuthnCore,
  modAuthzHost,
  modAuthzGroupfile,
  modAuthzUser,
  modAuthzDbm,
  modAuthzOwner,
  modAuthzCore,
  modAccessCompat,
  modAuthBasic,
  modAuthForm,
  modAuthDigest,
  modAllowmethods,
  modSocacheShmcb,
  modDumpio,
  modBuffer,
  modData,
  modRatelimit,
  modReqtimeout,
  modExtFilter,
  modRequest,
  modInclude,
  modFilter,
  modReflector,
  modSubstitute,
  modDeflate,
  modBrotli,
  modMime,
  modLogDebug,
  modEnv,
  modMimeMagic,
  modExpires,
  modHeaders,
  modUsertrack,
  modUniqueId,
  modSetenvif,
  modStatus,
  modAutoindex,
  modAsis,
  modInfo,
  modCgid,
  modCgi,
  modVhostAlias,
  modNegotiation,
  modDir,
  modActions,
  modSpeling,
  modUserdir,
  modAlias,
  modRewrite,
];

modules.forEach((module, index) => {
  module.index = index;
});

/**
 * mod_proxy_fcgi: requests passed on to FastCGI applications (modules/proxy/mod_proxy_fcgi.c), PHP-FPM above all.
 *
 * Different from httpd on purpose: an application that refuses a request (protocolStatus) without any output makes a 503, not an empty 200; the
 * head of an answer may have 64 KiB, or what `responsefieldsize` of the worker says; a `Status` that is no status is 500; what an application has
 * not read when it resets a connection is asked of it again, for methods that may be repeated.
 */
import { OR_FILEINFO } from '../../../config/directive.ts';
import { defineModule } from '../../../core/module.ts';
import { SCHEME_HANDLERS, type SchemeHandler } from '../shared/scheme.ts';
import { canonicaliseFcgi } from './canonical.ts';
import { addEnvRule, type FcgiDirConf, mergeFcgiDir, setBackendType } from './config.ts';
import { handleFcgi } from './handler.ts';

const fcgi: SchemeHandler = {
  label: 'FCGI',
  canonicalise: (r, rest, state) =>
    canonicaliseFcgi(r, rest, state, modProxyFcgi.dir(r).backendType !== 'generic'),
  handle: (r, target) => handleFcgi(r, target, modProxyFcgi.dir(r)),
};

export const modProxyFcgi = defineModule<object, FcgiDirConf>({
  name: 'proxy_fcgi_module',
  file: 'mod_proxy_fcgi.c',
  directives: [
    {
      name: 'ProxyFCGIBackendType',
      shape: 'TAKE1',
      where: OR_FILEINFO,
      usage: "Specify the type of FastCGI server: 'Generic', 'FPM'",
      apply: setBackendType,
    },
    {
      name: 'ProxyFCGISetEnvIf',
      shape: 'TAKE23',
      where: OR_FILEINFO,
      usage: 'expr-condition env-name expr-value',
      apply: addEnvRule,
    },
  ],
  mergeDir: mergeFcgiDir,
  providers: { [SCHEME_HANDLERS]: { fcgi } },
});

/**
 * mod_proxy_http: requests passed on to HTTP servers (modules/proxy/mod_proxy_http.c), by TLS where the scheme is https and mod_ssl is there.
 *
 * Different from httpd on purpose: a backend that answers before it has the body is listened to at once; a request that may be repeated
 * (RFC 9110 section 9.2.2) is sent once more when the kept connection it went out on is closed before a byte of the answer came.
 */
import { defineModule } from '../../../core/module.ts';
import { SCHEME_HANDLERS, type SchemeHandler } from '../shared/scheme.ts';
import { canonicaliseHttp } from './canonical.ts';
import { handleHttp } from './handler.ts';

const http: SchemeHandler = {
  label: 'HTTP',
  canonicalise: (r, rest, state) => canonicaliseHttp(r, 'http', rest, state),
  handle: handleHttp,
};

const https: SchemeHandler = {
  label: 'HTTP',
  canonicalise: (r, rest, state) => canonicaliseHttp(r, 'https', rest, state),
  handle: handleHttp,
};

export const modProxyHttp = defineModule<object, object>({
  name: 'proxy_http_module',
  file: 'mod_proxy_http.c',
  directives: [],
  providers: { [SCHEME_HANDLERS]: { http, https } },
});

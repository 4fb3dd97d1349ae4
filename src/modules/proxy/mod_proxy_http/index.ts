/**
 * mod_proxy_http: requests passed on to HTTP servers (modules/proxy/mod_proxy_http.c), by TLS where the scheme is https or wss and mod_ssl is
 * there. ws and wss are HTTP with an upgrade to WebSocket, where the client asks for one.
 *
 * Different from httpd on purpose: a backend that answers before it has the body is listened to at once; a request that may be repeated
 * (RFC 9110 section 9.2.2) is sent once more when the kept connection it went out on is closed before a byte of the answer came.
 */
import { defineModule } from '../../../core/module.ts';
import { type CanonicalBy, canonicaliseHttp } from '../shared/http-canonical.ts';
import { SCHEME_HANDLERS, type SchemeHandler } from '../shared/scheme.ts';
import { handleHttp } from './handler.ts';

const BY: CanonicalBy = {
  module: 'proxy_http',
  badUrl: 'AH01083',
  badPath: 'AH10415',
  badQuery: 'AH10408',
};

function handlerOf(scheme: string): SchemeHandler {
  return {
    label: scheme,
    canonicalise: (r, rest, state) => canonicaliseHttp(r, scheme, rest, state, BY),
    handle: handleHttp,
  };
}

export const modProxyHttp = defineModule<object, object>({
  name: 'proxy_http_module',
  file: 'mod_proxy_http.c',
  directives: [],
  providers: {
    [SCHEME_HANDLERS]: {
      http: handlerOf('http'),
      https: handlerOf('https'),
      ws: handlerOf('ws'),
      wss: handlerOf('wss'),
    },
  },
});

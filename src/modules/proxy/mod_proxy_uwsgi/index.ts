/**
 * mod_proxy_uwsgi: requests passed on to uWSGI applications (modules/proxy/mod_proxy_uwsgi.c).
 *
 * Different from httpd on purpose: URLs without a port mean port 3031, where httpd tries port 0; a Content-Length that the body does not keep is no
 * whole answer, and one that makes no sense, or a status below 200, makes a 502; an application may answer before it has read the body.
 */
import { defineModule } from '../../../core/module.ts';
import { SCHEME_HANDLERS, type SchemeHandler } from '../shared/scheme.ts';
import { canonicaliseUwsgi, handleUwsgi } from './handler.ts';

const uwsgi: SchemeHandler = {
  label: 'uwsgi',
  canonicalise: canonicaliseUwsgi,
  handle: handleUwsgi,
};

export const modProxyUwsgi = defineModule<object, object>({
  name: 'proxy_uwsgi_module',
  file: 'mod_proxy_uwsgi.c',
  directives: [],
  providers: { [SCHEME_HANDLERS]: { uwsgi } },
});

/**
 * mod_proxy_ajp: requests passed on to servlet containers over AJP 1.3 (modules/proxy/mod_proxy_ajp.c, ajp_*.c).
 *
 * Different from httpd on purpose: a body or an end without a head before it, and a head of a status below 200, break the protocol; a string must
 * have its NUL; a chunked body and one that a container asks for late are read from the client only as far as they are asked for.
 */
import { defineModule } from '../../../core/module.ts';
import { SCHEME_HANDLERS, type SchemeHandler } from '../shared/scheme.ts';
import { canonicaliseAjp } from './canonical.ts';
import { handleAjp } from './handler.ts';

const ajp: SchemeHandler = {
  label: 'AJP',
  canonicalise: canonicaliseAjp,
  handle: handleAjp,
};

export const modProxyAjp = defineModule<object, object>({
  name: 'proxy_ajp_module',
  file: 'mod_proxy_ajp.c',
  directives: [],
  providers: { [SCHEME_HANDLERS]: { ajp } },
});

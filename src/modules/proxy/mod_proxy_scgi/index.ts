/**
 * mod_proxy_scgi: requests passed on to SCGI applications (modules/proxy/mod_proxy_scgi.c).
 *
 * Different from httpd on purpose: an answer that breaks off ends the client's connection, while httpd keeps it in the middle of a body; the head
 * of an answer may have 64 KiB; an application may answer before it has read the body.
 */
import { ACCESS_CONF, RSRC_CONF } from '../../../config/directive.ts';
import { defineModule } from '../../../core/module.ts';
import { SCHEME_HANDLERS, type SchemeHandler } from '../shared/scheme.ts';
import { fieldChoice, mergeScgiDir, type ScgiDirConf } from './config.ts';
import { canonicaliseScgi, handleScgi } from './handler.ts';

const scgi: SchemeHandler = {
  label: 'SCGI',
  canonicalise: canonicaliseScgi,
  handle: (r, target) => handleScgi(r, target, modProxyScgi.dir(r)),
};

export const modProxyScgi = defineModule<object, ScgiDirConf>({
  name: 'proxy_scgi_module',
  file: 'mod_proxy_scgi.c',
  directives: [
    {
      name: 'ProxySCGISendfile',
      shape: 'TAKE1',
      where: RSRC_CONF | ACCESS_CONF,
      usage: 'The name of the X-Sendfile pseudo response header or On or Off',
      apply: (cmd, value) => {
        cmd.dir.sendfile = fieldChoice(value, 'X-Sendfile');
        return undefined;
      },
    },
    {
      name: 'ProxySCGIInternalRedirect',
      shape: 'TAKE1',
      where: RSRC_CONF | ACCESS_CONF,
      usage: 'The name of the pseudo response header or On or Off',
      apply: (cmd, value) => {
        cmd.dir.internalRedirect = fieldChoice(value, 'Location');
        return undefined;
      },
    },
  ],
  mergeDir: mergeScgiDir,
  providers: { [SCHEME_HANDLERS]: { scgi } },
});

/** mod_version: IfVersion (modules/metadata/mod_version.c). It acts while the text is read; see config/read. */
import { versionRows } from '../../config/read/index.ts';
import { defineModule } from '../../core/module.ts';

export const modVersion = defineModule({
  name: 'version_module',
  file: 'mod_version.c',
  directives: versionRows,
});

/** mod_so: LoadModule and LoadFile (modules/core/mod_so.c). Modules are built in: loading one puts it in force. */
import { soRows } from '../../config/read/index.ts';
import { defineModule } from '../../core/module.ts';

export const modSo = defineModule({ name: 'so_module', file: 'mod_so.c', directives: soRows });

/** mod_macro: Macro, Use, UndefMacro (modules/core/mod_macro.c). They act while the text is read; see config/read. */
import { macroRows } from '../../config/read/index.ts';
import { defineModule } from '../../core/module.ts';

export const modMacro = defineModule({ name: 'macro_module', file: 'mod_macro.c', directives: macroRows });

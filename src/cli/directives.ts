/** What -L prints: every directive of every built-in module (show_directives and show_overrides of server/main.c). */
import {
  ACCESS_CONF,
  type AnyRow,
  OR_ALL,
  OR_AUTHCFG,
  OR_FILEINFO,
  OR_INDEXES,
  OR_LIMIT,
  OR_OPTIONS,
  RSRC_CONF,
} from '../config/directive.ts';

interface ListedModule {
  readonly file: string;
  readonly directives: readonly Pick<AnyRow<never, never>, 'name' | 'usage' | 'where' | 'noEffect'>[];
}

/** Modules that have no per-directory configuration in httpd, although their directives may stand inside sections. */
const WITHOUT_DIR_CONFIG: ReadonlySet<string> = new Set([
  'mod_macro.c',
  'mod_md.c',
  'mod_proxy_express.c',
  'mod_proxy_hcheck.c',
  'mod_version.c',
]);

/** Override classes, in the order httpd names them. */
const CLASSES: readonly (readonly [bit: number, name: string])[] = [
  [OR_AUTHCFG, 'AuthConfig'],
  [OR_LIMIT, 'Limit'],
  [OR_OPTIONS, 'Options'],
  [OR_FILEINFO, 'FileInfo'],
  [OR_INDEXES, 'Indexes'],
];

export function directivesText(modules: readonly ListedModule[]): string {
  let text = '';
  const listed = new Set<string>();
  for (const { file, directives } of modules) {
    for (const { name, usage, where, noEffect } of directives) {
      // MPMs share directives, and only one of them is ever in force.
      if (listed.has(name)) continue;
      listed.add(name);
      text += `${name} (${file})\n`;
      if (usage !== '') text += `\t${usage}\n`;
      text += placesText(where, WITHOUT_DIR_CONFIG.has(file));
      if (noEffect !== undefined) text += `\tWithout effect here: ${noEffect}\n`;
    }
  }
  return text;
}

function placesText(where: number, lacksDirConfig: boolean): string {
  let text = `\tAllowed in *.conf ${whereInFiles(where)}`;
  if (lacksDirConfig && (where & (OR_ALL | ACCESS_CONF)) !== 0) text += ' [no per-dir config]';
  if ((where & OR_ALL) === 0) return `${text}\n`;
  const classes = CLASSES.filter(([bit]) => (where & bit) !== 0).map(([, name]) => name);
  const condition = (where & OR_ALL) === OR_ALL ? "isn't None" : `includes ${classes.join(' or ')}`;
  return `${text} and in .htaccess\n\twhen AllowOverride ${condition}\n`;
}

function whereInFiles(where: number): string {
  const isOutside = (where & RSRC_CONF) !== 0;
  const isInside = (where & (ACCESS_CONF | OR_AUTHCFG | OR_LIMIT)) !== 0;
  if ((where & (OR_OPTIONS | OR_FILEINFO | OR_INDEXES)) !== 0 || (isOutside && isInside)) return 'anywhere';
  return `only ${isOutside ? 'outside' : 'inside'} <Directory>, <Files>, <Location>, or <If>`;
}

/** Where the text of a file stands in a configuration. */

/** The main server, inside `<VirtualHost>`, inside `<Directory>`, or a .htaccess file. */
export type LintContext = 'server' | 'vhost' | 'directory' | 'htaccess';
export const LINT_CONTEXTS: readonly LintContext[] = ['server', 'vhost', 'directory', 'htaccess'];

/** `.htaccess`, `_.htaccess`, `htaccess.txt`, `.htaccess.dist`, `site-htaccess`, `ht.access`; not `htaccessible.txt`. */
const ACCESS_FILE = /(?:^|[._-])ht(?:access|\.access)(?:$|[._-])/i;

/** The context that a file's name speaks for; the main server's for any other name. */
export function contextOf(file: string): LintContext {
  const name = file.slice(file.lastIndexOf('/') + 1);
  // What is called .conf is for an Include, whatever it is about.
  return ACCESS_FILE.test(name) && !name.endsWith('.conf') ? 'htaccess' : 'server';
}

/** How requests come to PHP and its like: what runs that should not, and what does not arrive. */

import type { ConfigNode } from '../../config/tree.ts';
import { compileFnmatch } from '../../lib/fnmatch/index.ts';
import { compiled } from '../patterns.ts';
import { allNodes, patternOf, scopeOf, wordsOf } from '../tree.ts';
import type { Rule } from '../unit.ts';

const PHP_NAME = /^\.?(?:php\d*|phtml|phps?|pht|phar)$/i;
/** Handlers that run the file; `AddHandler php-something .php` names any of a distribution's own. */
const RUNS = /^(?:proxy:.*fcgi|fcgid-script|fastcgi-script|cgi-script|.*php.*)/i;

function runsPhp(handler: string): boolean {
  return RUNS.test(handler) && !/source/i.test(handler);
}

/** Matches the names of PHP files, and of uploads that have `.php` inside their names. */
function matchesInside(section: ConfigNode): boolean {
  const { pattern, isRegex } = patternOf(section);
  const matches = isRegex ? compiled(pattern) : { test: compileFnmatch(pattern, { period: false }) };
  return matches?.test('x.php') === true && matches.test('x.php.jpg') && !matches.test('x.jpg');
}

export const handlerRule: Rule = {
  codes: {
    AL1201: 'AddHandler for PHP: it runs x.php.jpg as well',
    AL1202: 'SetHandler for PHP in <FilesMatch> without $: it runs x.php.jpg as well',
  },
  check({ tree }, report) {
    for (const { node, enclosing } of allNodes(tree)) {
      const words = wordsOf(node);
      const [handler = ''] = words;
      const files = enclosing.find(({ key }) => key === '<files' || key === '<filesmatch');
      if (
        node.key === 'addhandler' &&
        runsPhp(handler) &&
        files === undefined &&
        words.slice(1).some((word) => PHP_NAME.test(word))
      ) {
        report({
          code: 'AL1201',
          span: node.span,
          message:
            'this also runs x.php.jpg: AddHandler looks at every extension of a name, so that an uploaded picture may be a program',
          hint: `write <FilesMatch "\\.php$"> SetHandler ${handler.includes(' ') || handler.includes(':') ? `"${handler}"` : handler} </FilesMatch>`,
        });
      }
      if (node.key === 'sethandler' && runsPhp(handler) && files !== undefined && matchesInside(files)) {
        report({
          code: 'AL1202',
          span: files.span,
          message: 'this also runs x.php.jpg: the pattern does not end where the name does',
          hint: 'write <FilesMatch "\\.php$">',
        });
      }
    }
  },
};

export const passMatchRule: Rule = {
  codes: {
    AL1203:
      'ProxyPassMatch of PHP to FastCGI: it goes round <Files>, <Directory> and .htaccess, and sends what is missing',
  },
  check({ tree }, report) {
    for (const { node } of allNodes(tree)) {
      if (node.key !== 'proxypassmatch') continue;
      const [pattern = '', target = ''] = wordsOf(node);
      if (!/^(?:unix:[^|]*\|)?fcgi:/i.test(target) || !/\.ph/i.test(pattern)) continue;
      report({
        code: 'AL1203',
        span: node.span,
        message:
          'this sends every such URL to FastCGI, also of files that are not there, and past .htaccess, <Files> and <Directory>',
        hint: `write <FilesMatch "\\.php$"> SetHandler "proxy:${handlerOf(target)}" </FilesMatch>`,
      });
    }
  },
};

/** `fcgi://127.0.0.1:9000/var/www/$1`: without the path. */
function handlerOf(target: string): string {
  return target.replace(/^((?:unix:[^|]*\|)?fcgi:\/\/[^/]*).*$/i, '$1');
}

export const authorizationRule: Rule = {
  codes: {
    AL1204:
      'PHP by FastCGI is to see Authorization, as the text says elsewhere, but httpd does not pass it on',
  },
  check({ tree, isPartial }, report) {
    if (isPartial) return;
    let evidence: ConfigNode | undefined;
    let target: ConfigNode | undefined;
    for (const { node, enclosing } of allNodes(tree)) {
      if (passesAuthorization(node)) return;
      if (expectsAuthorization(node)) evidence ??= node;
      if (isFastCgi(node, enclosing)) target ??= node;
    }
    if (evidence === undefined || target === undefined) return;
    report({
      code: 'AL1204',
      span: target.span,
      message: `the application does not get the Authorization header, which line ${evidence.name} here expects it to use: httpd keeps it back`,
      hint: 'write CGIPassAuth On in the <Directory> of the application',
    });
  },
};

function passesAuthorization({ key, args }: ConfigNode): boolean {
  if (key === 'cgipassauth') return /^"?on/i.test(args);
  return /HTTP_AUTHORIZATION/i.test(args) && !/^%\{HTTP_AUTHORIZATION/i.test(args);
}

/** CORS allows the header, or a rule looks at it. */
function expectsAuthorization({ key, args }: ConfigNode): boolean {
  if (key === 'header') return /Access-Control-Allow-Headers.*\bAuthorization\b/is.test(args);
  return key === 'rewritecond' && /%\{HTTP:Authorization\}/i.test(args);
}

function isFastCgi({ key, args }: ConfigNode, enclosing: readonly ConfigNode[]): boolean {
  if (key === 'sethandler') return /proxy:.*fcgi:/i.test(args) && scopeOf(enclosing) !== undefined;
  return (key === 'proxypass' || key === 'proxypassmatch') && /\bfcgi:\/\//i.test(args);
}

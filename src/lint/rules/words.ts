/** Words that do not mean what they look like. */
import { allNodes, wordsOf } from '../tree.ts';
import type { Rule } from '../unit.ts';

/** Lists of which a word may well end in a comma as far as httpd cares, and never does as far as anybody else does. */
const LISTS: ReadonlySet<string> = new Set([
  'directoryindex',
  'addtype',
  'addhandler',
  'addencoding',
  'addoutputfilterbytype',
  'indexignore',
  'accessfilename',
]);

export const commaRule: Rule = {
  codes: { AL2101: 'a list with commas: they belong to the names' },
  check({ tree }, report) {
    for (const { node } of allNodes(tree)) {
      if (!LISTS.has(node.key)) continue;
      const word = wordsOf(node).find((one) => one.length > 1 && one.endsWith(','));
      if (word === undefined) continue;
      report({
        code: 'AL2101',
        span: node.argsSpan,
        message: `the comma is a part of the name "${word}"`,
        hint: 'separate the names by spaces',
      });
    }
  },
};

export const errorTextRule: Rule = {
  codes: { AL2102: 'ErrorDocument with the name of a file without a slash in front: it is sent as text' },
  check({ tree }, report) {
    for (const { node } of allNodes(tree)) {
      if (node.key !== 'errordocument') continue;
      const [, target = '', more] = wordsOf(node);
      if (
        more !== undefined ||
        !/^[\w.-]+(?:\/[\w.-]+)*\.(?:html?|s?html|php\d?|txt|cgi|pl|py|aspx?|jsp)(?:\?\S*)?$/i.test(target)
      )
        continue;
      report({
        code: 'AL2102',
        span: node.argsSpan,
        message: `the error page is the text "${target}" itself, not the file`,
        hint: `write a URL path: /${target}`,
      });
    }
  },
};

export const nicknameRule: Rule = {
  codes: { AL2103: 'CustomLog with a format that no LogFormat names' },
  check({ tree, isWhole }, report) {
    if (!isWhole) return;
    const names = new Set<string>();
    const lines = [...allNodes(tree)].map(({ node }) => node);
    for (const line of lines) {
      const name = line.key === 'logformat' ? wordsOf(line)[1] : undefined;
      if (name !== undefined) names.add(name);
    }
    for (const line of lines) {
      if (line.key !== 'customlog') continue;
      const format = wordsOf(line)[1] ?? '';
      if (!/^\w[\w-]*$/.test(format) || names.has(format)) continue;
      report({
        code: 'AL2103',
        span: line.argsSpan,
        message: `every line of the log is the word "${format}": no LogFormat has that name`,
        hint: `write LogFormat "%h %l %u %t \\"%r\\" %>s %b" ${format}`,
      });
    }
  },
};

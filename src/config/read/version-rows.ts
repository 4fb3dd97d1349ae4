/** `<IfVersion>` (httpd's modules/metadata/mod_version.c): the version compared with is the httpd that apache-lite answers like. */
import { compilePcre, PcreError } from '../../lib/pcre/index.ts';
import { type AnyRow, type ApplyResult, OR_ALL } from '../directive.ts';
import type { OnRead } from './on-read.ts';

const VERSION = [2, 4, 71] as const;
const VERSION_TEXT = VERSION.join('.');
const INVALID =
  'Version appears to be invalid. It must have the format major[.minor[.patch]] where major, minor and patch are numbers.';

/** Below, at or above the version: -1, 0, 1 of VERSION against the text; undefined when the text is no version. */
function compareVersion(text: string): number | undefined {
  // Digits and dots with up to three numbers; a number left out (`2..4`, `2.4.`, `2`) is 0.
  if (!/^\d[\d.]*$/.test(text)) return undefined;
  const parts = text.replace(/\.$/, '').split('.');
  if (parts.length > 3) return undefined;
  for (const [index, have] of VERSION.entries()) {
    const wanted = Number(parts[index] || 0);
    if (have !== wanted) return have < wanted ? -1 : 1;
  }
  return 0;
}

function matchVersion(pattern: string): boolean | string {
  try {
    return compilePcre(pattern).test(VERSION_TEXT);
  } catch (error) {
    if (error instanceof PcreError) return 'Unable to compile regular expression';
    throw error;
  }
}

/** Does the version satisfy operator and operand? A text says what is wrong with them. */
function satisfies(operator: string, operand: string): boolean | string {
  const isNegated = operator.startsWith('!') && operator.length > 1;
  const plain = isNegated ? operator.slice(1) : operator;
  const slashed = operand.startsWith('/') && (plain === '=' || plain === '==');
  let holds: boolean | string;
  if (plain === '~') holds = matchVersion(operand);
  else if (slashed) {
    if (operand.length < 2 || !operand.endsWith('/')) return 'Missing delimiting / of regular expression.';
    holds = matchVersion(operand.slice(1, -1));
  } else holds = compareBy(plain, operator, operand);
  return typeof holds === 'string' ? holds : holds !== isNegated;
}

function compareBy(plain: string, operator: string, operand: string): boolean | string {
  const order = compareVersion(operand);
  if (!['=', '==', '>', '>=', '<', '<='].includes(plain)) return `unrecognized operator '${operator}'`;
  if (order === undefined) return INVALID;
  if (order === 0) return plain !== '>' && plain !== '<';
  return plain.startsWith(order > 0 ? '>' : '<');
}

const ifVersion: OnRead = (cmd, words): ApplyResult => {
  const comparison = readHeader(words);
  if (comparison === undefined) return "<IfVersion> directive missing closing '>'";
  const holds = satisfies(...comparison);
  if (typeof holds === 'string') return holds;
  if (!holds) return cmd.skipSection();
  cmd.readSection();
  return undefined;
};

/** Operator and operand; undefined without the section's `>`, which is the end of the last word or a word of its own. */
function readHeader([first = '', second, third]: readonly string[]):
  | [operator: string, operand: string]
  | undefined {
  if (second === undefined) return first.endsWith('>') ? ['=', first.slice(0, -1)] : undefined;
  if (second === '') return undefined;
  if (second === '>') return ['=', first];
  // A word behind one that ends in `>` is not looked at.
  if (second.endsWith('>')) return [first, second.slice(0, -1)];
  return third === '>' ? [first, second] : undefined;
}

export const versionRows: readonly AnyRow<unknown, unknown>[] = [
  {
    name: '<IfVersion',
    shape: 'TAKE123',
    where: OR_ALL,
    usage: 'a comparison operator, a version (and a delimiter)',
    onRead: ifVersion,
    apply: () => undefined,
  },
];

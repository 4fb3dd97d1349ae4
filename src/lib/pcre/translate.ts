import { isNullable } from './analyse.ts';
import type { AssertKind, Node, ParsedPattern, RepeatNode } from './ast.ts';
import { setSource } from './byte-set.ts';

/** A RegExp source (flag `s`) and where it keeps the pattern's groups. */
export interface Translation {
  readonly source: string;
  /** RegExp group by pattern group; undefined when the numbers are the same. */
  readonly groupMap: readonly number[] | undefined;
}

const ASSERTS: Readonly<Record<Exclude<AssertKind, 'match-start'>, string>> = {
  'subject-start': '^',
  'subject-end': '$',
  'end-or-final-newline': '(?=\\n?$)',
  // pcre2pattern(3): not behind a newline that ends the subject.
  'line-start': '(?:^|(?<=\\n)(?!$))',
  'line-end': '(?=\\n|$)',
  'word-boundary': '\\b',
  'not-word-boundary': '\\B',
};

/** Writes a tree for which isNativelyExact() holds as RegExp source. */
export function translate(pattern: ParsedPattern): Translation {
  const writer = new Writer();
  const source = writer.write(pattern.root);
  const { groupMap } = writer;
  for (let number = 0; number <= pattern.groupCount; number++) groupMap[number] ??= 0;
  const same = writer.nativeCount === pattern.groupCount;
  return { source, groupMap: same ? undefined : groupMap };
}

class Writer {
  readonly groupMap: number[] = [0];
  nativeCount = 0;

  write(node: Node): string {
    switch (node.type) {
      case 'set':
        return setSource(node.set);
      case 'seq':
        return node.items.map((item) => (item.type === 'alt' ? this.#atom(item) : this.write(item))).join('');
      case 'alt':
        return node.branches
          .map((branch) => (branch.type === 'alt' ? this.#atom(branch) : this.write(branch)))
          .join('|');
      case 'group': {
        this.groupMap[node.number] = ++this.nativeCount;
        return `(${this.write(node.body)})`;
      }
      case 'atomic': {
        // A lookahead is never re-entered: what it captured is then taken as it is.
        const helper = ++this.nativeCount;
        return `(?:(?=(${this.write(node.body)}))\\${helper})`;
      }
      case 'look':
        return `(?${node.behind ? '<' : ''}${node.negative ? '!' : '='}${this.write(node.body)})`;
      case 'assert':
        return node.kind === 'match-start' ? '' : ASSERTS[node.kind];
      case 'backref':
        return `(?:\\${this.groupMap[node.groups[0] ?? 0]})`;
      case 'repeat':
        return this.#repeat(node);
      default:
        throw new TypeError(`no RegExp form for ${node.type}`);
    }
  }

  /** A node as something a quantifier applies to as a whole. */
  #atom(node: Node): string {
    const source = this.write(node);
    return node.type === 'set' || node.type === 'group' ? source : `(?:${source})`;
  }

  #repeat({ body, min, max, lazy }: RepeatNode): string {
    if (min === 0 && max === 1 && isNullable(body)) {
      // JavaScript would reject the empty pass and leave the body's groups unset.
      const source = this.#atom(body);
      return lazy ? `(?:|${source})` : `(?:${source}|)`;
    }
    const atom = this.#atom(body);
    if (min === 1 && max === 1) return atom;
    const suffix = lazy ? '?' : '';
    if (max === Number.POSITIVE_INFINITY)
      return atom + (min === 0 ? '*' : min === 1 ? '+' : `{${min},}`) + suffix;
    if (min === 0 && max === 1) return `${atom}?${suffix}`;
    return atom + (min === max ? `{${min}}` : `{${min},${max}}${suffix}`);
  }
}

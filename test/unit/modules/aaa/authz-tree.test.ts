import { describe, expect, it } from 'vitest';
import { EVERY_METHOD, MethodScope } from '../../../../src/core/method-scope.ts';
import type { AuthzResult } from '../../../../src/core/providers.ts';
import type { Request } from '../../../../src/core/request.ts';
import { mergeDir } from '../../../../src/modules/aaa/mod_authz_core/index.ts';
import {
  addTo,
  ask,
  checkBlock,
  join,
  nameOf,
  newBlock,
  type RequireBlock,
  type RequireLine,
  type RequireNode,
} from '../../../../src/modules/aaa/mod_authz_core/tree.ts';

const request = (method = 'GET'): Request =>
  ({ method, perDir: { slots: [] }, server: { log: { isOn: () => false } } }) as unknown as Request;

const line = (result: AuthzResult, negate = false, scope = EVERY_METHOD, isLate = false): RequireLine => ({
  kind: 'line',
  text: result,
  negate,
  scope,
  check: () => (isLate ? Promise.resolve(result) : result),
});
const not = (result: AuthzResult): RequireLine => line(result, true);
const late = (result: AuthzResult): RequireLine => line(result, false, EVERY_METHOD, true);

function block(kind: 'all' | 'any' | 'none', ...children: RequireNode[]): RequireBlock {
  const made = newBlock(kind === 'all' ? 'all' : 'any', kind === 'none');
  for (const child of children) expect(addTo(made, child)).toBeUndefined();
  return made;
}
const all = (...children: RequireNode[]): RequireBlock => block('all', ...children);
const any = (...children: RequireNode[]): RequireBlock => block('any', ...children);
const none = (...children: RequireNode[]): RequireBlock => block('none', ...children);

const [G, D, U, E] = ['granted', 'denied', 'denied-no-user', 'general-error'] as const;
const post = new MethodScope(['POST'], false);

describe('a tree answers', () => {
  it.each<[string, RequireBlock, AuthzResult]>([
    ['any: one grants', any(line(D), line(G)), G],
    ['any: nobody grants', any(line(D), line(D)), D],
    ['any: a user may help', any(line(D), line(U)), U],
    ['any: granted before a user is asked for', any(line(U), line(G)), G],
    ['all: every one grants', all(line(G), line(G)), G],
    ['all: one denies', all(line(G), line(D)), D],
    ['all: no user can help where one denies', all(line(U), line(D)), D],
    ['all: a user may help', all(line(U), line(G)), U],
    ['all: a negated denial grants nothing', all(not(D), line(G)), G],
    ['all: only negated denials', all(not(D)), 'neutral'],
    ['all: a negated grant denies', all(line(G), not(G)), D],
    ['all: a negated question for a user is neutral', all(line(G), not(U)), G],
    ['none in all: nothing granted', all(line(G), none(line(D), line(D))), G],
    ['none in all: one granted', all(line(G), none(line(D), line(G))), D],
    ['an error ends everything', any(line(E), line(G)), E],
    ['an error is not negated', all(line(G), not(E)), E],
    ['nested', any(all(line(G), line(D)), all(line(G), not(D))), G],
    ['late answers', all(late(G), line(G), any(late(D), late(G))), G],
    ['a late denial', all(late(G), late(D), line(E)), D],
    ['for other methods, in any: neutral', any(line(G, false, post), line(D)), D],
    ['for other methods, in all: granted', all(line(D, false, post), line(G)), G],
  ])('%s', async (_what, tree, expected) => {
    expect(await ask(request(), tree, 'all')).toBe(expected);
    expect(checkBlock(tree) === undefined || expected === 'neutral').toBe(true);
    expect(await ask(request(), tree, 'all'), 'after De Morgan').toBe(expected);
  });

  it('granted where the whole tree is for other methods', async () => {
    const tree = any(line(D, false, post));
    expect(await ask(request('GET'), tree, 'all')).toBe(G);
    expect(await ask(request('POST'), tree, 'all')).toBe(D);
  });

  it('does not ask on once the answer is known', async () => {
    const asked: string[] = [];
    const noting = (name: string, result: AuthzResult): RequireLine => ({
      ...line(result),
      check: () => {
        asked.push(name);
        return result;
      },
    });
    await ask(request(), any(noting('a', D), noting('b', G), noting('c', G)), 'all');
    expect(asked).toEqual(['a', 'b']);
  });
});

describe('putting a tree together', () => {
  it.each<[string, RequireBlock, RequireNode, string]>([
    [
      'a negated line in any',
      any(),
      not(G),
      'negative Require directive has no effect in <RequireAny> directive',
    ],
    [
      'a negated line in none',
      none(),
      not(G),
      'negative Require directive has no effect in <RequireNone> directive',
    ],
    ['none in any', any(), none(line(G)), '<RequireNone> directive has no effect in <RequireAny> directive'],
  ])('%s', (_what, outer, child, message) => {
    expect(addTo(outer, child)).toBe(message);
  });

  it('an any within an any is no level of its own', () => {
    expect(any(any(line(G), line(D)), line(U)).children).toHaveLength(3);
    expect(all(any(line(G))).children[0]?.kind).toBe('block');
  });

  it.each<[string, RequireBlock, string | undefined]>([
    ['negated lines only', all(not(D)), '<RequireAll>'],
    ['none only', all(none(line(D))), '<RequireAll>'],
    ['deep down', any(line(G), all(line(G), none(all(not(D))))), '<RequireAll>'],
    ['something that may grant', all(not(D), line(G)), undefined],
  ])('check: %s', (_what, tree, fault) => {
    const found = checkBlock(tree);
    expect(found === undefined ? undefined : nameOf(found)).toBe(fault);
  });

  it('names', () => {
    const names = [any(), all(), none(), line(G), not(G)].map(nameOf);
    expect(names).toEqual([
      '<RequireAny>',
      '<RequireAll>',
      '<RequireNone>',
      'Require granted',
      'Require not granted',
    ]);
  });
});

describe('join', () => {
  it.each([
    ['all', 'neutral', U, U],
    ['all', G, U, U],
    ['all', U, G, U],
    ['any', 'neutral', D, D],
    ['any', D, U, U],
    ['any', U, D, U],
    ['any', U, G, G],
    ['any', D, 'neutral', D],
  ] as const)('%s: %s and %s: %s', (logic, before, child, expected) => {
    expect(join(logic, before, child)).toBe(expected);
  });
});

describe('mergeDir', () => {
  const base = { section: any(line(G)) };
  const add = { section: any(line(D)) };
  it.each([
    ['nothing said: replaced', base, add, D],
    ['Off: replaced', base, { ...add, merging: 'off' }, D],
    ['And', base, { ...add, merging: 'all' }, D],
    ['Or', base, { ...add, merging: 'any' }, G],
    ['only a flag: kept', base, { forbiddenOnFailure: true }, G],
    ['Or without lines of its own: kept', base, { merging: 'any' }, G],
  ] as const)('%s', async (_what, older, newer, expected) => {
    const { section } = mergeDir(older, newer);
    expect(await ask(request(), section as RequireBlock, 'all')).toBe(expected);
  });
  it('keeps AuthMerging for the sections below', () => {
    expect(mergeDir({}, { ...add, merging: 'all' }).merging).toBe('all');
    expect(mergeDir({ merging: 'all' }, { forbiddenOnFailure: true }).merging).toBe('all');
  });
});

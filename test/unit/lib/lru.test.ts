import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruCache } from '../../../src/lib/lru.ts';

describe('bound by entries', () => {
  it('forgets what was used longest ago', () => {
    const cache = new LruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => cache.peek(key))).toEqual([1, undefined, 3]);
  });

  it('does not count a look as use', () => {
    const cache = new LruCache<string, number>({ maxEntries: 2 });
    cache.set('a', 1);
    cache.set('b', 2);
    cache.peek('a');
    cache.set('c', 3);
    expect(cache.has('a')).toBe(false);
  });

  it('does not reorder while it is not half full', () => {
    const cache = new LruCache<string, number>(5);
    for (const name of ['a', 'b']) cache.set(name, 1);
    cache.get('a');
    for (const name of ['c', 'd', 'e']) cache.set(name, 1);
    cache.get('b');
    for (const name of ['f', 'g']) cache.set(name, 1);
    expect(['a', 'b', 'c', 'd'].map((name) => cache.has(name))).toEqual([false, true, false, true]);
  });

  it('keeps nothing when nothing may be kept', () => {
    const cache = new LruCache<string, number>(0);
    expect(cache.set('a', 1)).toBe(false);
    expect(cache.size).toBe(0);
  });
});

describe('bound by bytes', () => {
  it('makes room, and refuses what is larger than all of it', () => {
    const gone: string[] = [];
    const cache = new LruCache<string, string>({
      maxBytes: 10,
      sizeOf: (value) => value.length,
      onEvict: (value) => gone.push(value),
    });
    cache.set('a', 'aaaa');
    cache.set('b', 'bbbb');
    cache.set('c', 'cccc');
    expect(gone).toEqual(['aaaa']);
    expect(cache.bytes).toBe(8);
    expect(cache.set('b', 'b'.repeat(11))).toBe(false);
    expect(gone).toEqual(['aaaa', 'bbbb']);
    cache.set('c', 'c');
    expect(cache.bytes).toBe(1);
    cache.clear();
    expect([cache.bytes, cache.size]).toEqual([0, 0]);
  });
});

it('agrees with a list kept in order of use', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const step = fc.tuple(fc.constantFrom('get', 'set', 'delete'), key, fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = new LruCache<string, number>({ maxEntries: 3, maxBytes: 9, sizeOf: (value) => value });
      let model: [string, number][] = [];
      for (const [action, name, value] of steps) {
        const known = model.find(([other]) => other === name);
        if (action === 'get') expect(cache.get(name)).toBe(known?.[1]);
        else if (action === 'set') cache.set(name, value);
        else cache.delete(name);
        if (action === 'get' && known === undefined) continue;
        model = model.filter(([other]) => other !== name);
        if (action === 'get' && known !== undefined) model.push(known);
        if (action === 'set') model.push([name, value]);
        while (model.length > 3 || model.reduce((sum, [, size]) => sum + size, 0) > 9) model.shift();
      }
      expect(cache.size).toBe(model.length);
      expect(cache.bytes).toBe(model.reduce((sum, [, size]) => sum + size, 0));
      for (const [name, value] of model) expect(cache.peek(name)).toBe(value);
    }),
  );
});

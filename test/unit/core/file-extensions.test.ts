import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extensionsStart } from '../../../src/core/file-extensions.ts';

describe('extensionsStart', () => {
  it.each([
    ['/d.x/file', ''],
    ['/d/.html', ''],
    ['/d/..html.txt', 'txt'],
    ['/d/a.b.c', 'b.c'],
    ['/d/a.', ''],
    ['/d/a..b', '.b'],
    ['/d.html/', ''],
  ])('%s: %s', (path, extensions) => {
    expect(path.slice(extensionsStart(path))).toBe(extensions);
  });
  it('is always inside the last component', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/') }), (path) => {
        expect(extensionsStart(path)).toBeGreaterThan(path.lastIndexOf('/'));
        expect(extensionsStart(path)).toBeLessThanOrEqual(path.length);
      }),
    );
  });
});

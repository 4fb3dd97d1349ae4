import { describe, expect, it } from 'vitest';
import { interpolate, parseFormat } from '../../../../src/modules/mappers/mod_vhost_alias.ts';

describe('interpolate', () => {
  it.each([
    ['/%0', '/www.example.com'],
    ['/%1/%2/%3/%4', '/www/example/com/_'],
    ['/%-1/%-2/%-3/%-4', '/com/example/www/_'],
    ['/%2+', '/example.com'],
    ['/%-2+', '/www.example'],
    ['/%2.1/%2.-1/%2.9', '/e/e/_'],
    ['/%2.2+/%2.-2+', '/xample/exampl'],
    ['/%0.1/%0.-1', '/w/m'],
    ['/%%/%p/', '/%/80'],
    ['/a', '/a'],
    ['/', ''],
  ])('%s: %s', (format, path) => {
    expect(interpolate(parseFormat(format) ?? [], 'WWW.Example.com', 80)).toBe(path);
  });

  it.each(['/%', '/%x', '/%-', '/%1.', '/%1.x', '/%1.-', '/%+1'])('refuses %s', (format) => {
    expect(parseFormat(format)).toBeUndefined();
  });

  it('takes what is behind the eighteenth dot for one label', () => {
    const name = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u';
    expect(interpolate(parseFormat('/%-1') ?? [], name, 80)).toBe('/s.t.u');
  });
});

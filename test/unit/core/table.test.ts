import { describe, expect, it } from 'vitest';
import { Table } from '../../../src/core/table.ts';

/** The same for tables that are looked through and those that have an index. */
describe.each([0, 5, 11, 12, 13, 40])('a table with %i others', (others) => {
  const filled = (): Table => {
    const table = new Table();
    for (let index = 0; index < others; index++) table.set(`Other-${index}`, String(index));
    return table;
  };

  it('compares names without case, and keeps the first spelling and place', () => {
    const table = filled();
    table.set('HTTP_Host', 'a');
    table.set('last', 'z');
    table.set('http_host', 'b');
    expect(table.get('HTTP_HOST')).toBe('b');
    expect(table.has('http_HOST')).toBe(true);
    expect(table.size).toBe(others + 2);
    expect([...table].slice(-2)).toEqual([
      ['HTTP_Host', 'b'],
      ['last', 'z'],
    ]);
  });

  it('forgets what is deleted, and nothing else', () => {
    const table = filled();
    table.set('gone', '1');
    table.set('stays', '2');
    table.delete('GONE');
    table.delete('never there');
    expect([table.get('gone'), table.get('stays'), table.size]).toEqual([undefined, '2', others + 1]);
    table.set('gone', '3');
    expect([...table].at(-1)).toEqual(['gone', '3']);
    for (let index = 0; index < others; index++) expect(table.get(`OTHER-${index}`)).toBe(String(index));
  });

  it('tells ASCII letters alone apart from their other case', () => {
    const table = filled();
    table.set('\xe4[', '1');
    expect([table.get('\xc4['), table.get('\xe4{'), table.get('\xe4[')]).toEqual([undefined, undefined, '1']);
  });
});

import { describe, expect, it } from 'vitest';
import { equalsIgnoreCase } from '../../../src/http/bytes.ts';
import { fieldKey, fieldNameIn, HeaderFields } from '../../../src/http/header-fields.ts';

function sample(): HeaderFields {
  return HeaderFields.from([
    ['Host', 'x'],
    ['A', '1'],
    ['b', '2'],
    ['a', '3'],
    ['B', '4'],
    ['A', '5'],
  ]);
}

describe('HeaderFields', () => {
  it('keeps order and spelling', () => {
    expect([...sample()]).toEqual([
      ['Host', 'x'],
      ['A', '1'],
      ['b', '2'],
      ['a', '3'],
      ['B', '4'],
      ['A', '5'],
    ]);
    expect(sample().size).toBe(6);
    expect([sample().keyAt(4), sample().nameAt(4), sample().valueAt(4)]).toEqual(['b', 'B', '4']);
  });

  it('looks names up without regard to ASCII case', () => {
    const fields = sample();
    expect(fields.get('HOST')).toBe('x');
    expect(fields.get('a')).toBe('1');
    expect(fields.getAll('A')).toEqual(['1', '3', '5']);
    expect(fields.getJoined('a')).toBe('1, 3, 5');
    expect(fields.has('B')).toBe(true);
    expect(fields.get('c')).toBeUndefined();
    expect(fields.getJoined('c')).toBeUndefined();
    expect(fields.getAll('c')).toEqual([]);
  });

  const changes: [what: string, change: (fields: HeaderFields) => unknown, after: string][] = [
    ['set replaces all and keeps the place', (f) => f.set('a', '9'), 'Host=x A=9 b=2 B=4'],
    ['set appends a new name', (f) => f.set('C', '9'), 'Host=x A=1 b=2 a=3 B=4 A=5 C=9'],
    ['append adds a line', (f) => f.append('a', '9'), 'Host=x A=1 b=2 a=3 B=4 A=5 a=9'],
    ['merge joins the first line', (f) => f.merge('B', '9'), 'Host=x A=1 b=2, 9 a=3 B=4 A=5'],
    ['merge appends a new name', (f) => f.merge('C', '9'), 'Host=x A=1 b=2 a=3 B=4 A=5 C=9'],
    ['delete removes all lines', (f) => f.delete('A'), 'Host=x b=2 B=4'],
    ['delete of nothing changes nothing', (f) => f.delete('C'), 'Host=x A=1 b=2 a=3 B=4 A=5'],
    ['mergeRepeated joins into the first', (f) => f.mergeRepeated(), 'Host=x A=1, 3, 5 b=2, 4'],
    ['clear empties', (f) => f.clear(), ''],
  ];
  it.each(changes)('%s', (_what, change, after) => {
    const fields = sample();
    const untouched = fields.clone();
    change(fields);
    expect([...fields].map(([name, value]) => `${name}=${value}`).join(' ')).toBe(after);
    expect([...untouched]).toEqual([...sample()]);
  });

  it('tells whether delete found something', () => {
    expect([sample().delete('a'), sample().delete('c')]).toEqual([true, false]);
  });

  it('merges many fields as it merges few', () => {
    const many = new HeaderFields();
    for (let index = 0; index < 300; index++) many.append(`N${index % 70}`, String(index));
    many.mergeRepeated();
    expect(many.size).toBe(70);
    expect([many.nameAt(0), many.valueAt(0)]).toEqual(['N0', '0, 70, 140, 210, 280']);
    expect(many.get('n69')).toBe('69, 139, 209, 279');
  });
});

describe('fieldKey', () => {
  it.each([
    ['Content-Type', 'content-type'],
    ['ETAG', 'etag'],
    ['X-Ünknown', 'x-Ünknown'],
    ['', ''],
    ['A'.repeat(100), 'a'.repeat(100)],
  ])('%s', (name, key) => {
    expect(fieldKey(name)).toBe(key);
  });
});

describe('fieldNameIn', () => {
  it('finds names by their bytes, wherever they stand and however they are spelt', () => {
    const names = [
      'Host',
      'HOST',
      'Hist',
      'Accept-Encoding',
      'accept-encoding',
      'X',
      'x',
      'A'.repeat(60),
      'X-\xdcnknown',
    ];
    // Twice: what is found the second time may be what was kept the first time.
    for (const name of [...names, ...names]) {
      const chunk = Buffer.from(`...${name}: value`, 'latin1');
      expect(fieldNameIn(chunk, 3, 3 + name.length)).toEqual({ name, key: fieldKey(name) });
    }
  });

  it('takes no name for another that shares its length, ends and middle', () => {
    for (let letter = 0x61; letter < 0x7b; letter++) {
      const name = `x-${String.fromCharCode(letter)}-same-z`;
      expect(fieldNameIn(Buffer.from(name), 0, name.length).name).toBe(name);
    }
  });
});

describe('equalsIgnoreCase', () => {
  it.each([
    ['Host', 'hOST', true],
    ['Host', 'Hosts', false],
    ['a@', 'a`', false],
    ['\xc4', '\xe4', false],
    ['[', '{', false],
    ['', '', true],
  ])('%s, %s: %s', (one, other, isSame) => {
    expect(equalsIgnoreCase(one, other)).toBe(isSame);
  });
});

import { describe, expect, it } from 'vitest';
import { decodePercent, escapeShell } from '../../../src/http/escape.ts';

describe('decodePercent', () => {
  it.each([
    ['plain', 'plain'],
    ['a%20b%2Fc%2f', 'a b/c/'],
    ['%', '%'],
    ['%4', '%4'],
    ['%zz%41', '%zzA'],
    ['%%41', '%A'],
    ['%ff%00', '\xff\0'],
    ['%2541', '%41'],
  ])('%j is %j', (text, expected) => {
    expect(decodePercent(text)).toBe(expected);
  });
});

describe('escapeShell', () => {
  it.each([
    ['plain text, 1.5%', 'plain text, 1.5%'],
    ['a;b $(c)', 'a\\;b \\$\\(c\\)'],
    ['a;b|c "&d`$x`\\', 'a\\;b\\|c \\"\\&d\\`\\$x\\`\\\\'],
    ["*?~<>^[]{}'\n\xff", "\\*\\?\\~\\<\\>\\^\\[\\]\\{\\}\\'\\\n\xff"],
  ])('%j is %j', (text, expected) => {
    expect(escapeShell(text)).toBe(expected);
  });
});

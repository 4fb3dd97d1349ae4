import { expect, it } from 'vitest';
import { dataUrlHead } from '../../../../src/modules/filters/mod_data.ts';

it.each([
  ['text/plain', 'data:text/plain;base64,'],
  ['text/html; charset=utf-8', 'data:text/html;charset=utf-8;base64,'],
  ['a/b c d', 'data:a/bc;base64,'],
  [undefined, 'data:;base64,'],
])('%s begins a data URL', (type, head) => {
  expect(dataUrlHead(type)).toBe(head);
});

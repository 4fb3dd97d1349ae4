import { expect, test } from 'vitest';
import { escapeHtml, table, textOfBytes } from '../../../src/demo/html.ts';

test.each<[text: string, html: string]>([
  [`<a href="x" id='y'>&amp;`, '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;'],
  ['a\tb\nc\r\nd', 'a\tb\nc\nd'],
  ['\0\x1b\r\x7f\x85', '\\x00\\x1b\\x0d\\x7f\\x85'],
  ['ä€😀', 'ä€😀'],
])('%j in HTML', (text, html) => {
  expect(escapeHtml(text)).toBe(html);
});

test('bytes are read as UTF-8, wrong ones shown', () => {
  expect(textOfBytes('\xc3\xa4\xff')).toBe('ä\ufffd');
});

test('a table escapes what it shows', () => {
  const html = table(['<n>', 'v'], [['<b>', '"&']]);
  expect(html).toContain('<th scope="col">&lt;n&gt;</th>');
  expect(html).toContain('<th scope="row">&lt;b&gt;</th><td>&quot;&amp;</td>');
});

import { describe, expect, it } from 'vitest';
import { directivesText } from '../../../src/cli/directives.ts';
import {
  ACCESS_CONF,
  OR_ALL,
  OR_AUTHCFG,
  OR_FILEINFO,
  OR_LIMIT,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../../src/config/directive.ts';

/** Places as `httpd -L` prints them. */
describe('places of a directive', () => {
  const cases: [where: number, text: string][] = [
    [RSRC_CONF, 'only outside <Directory>, <Files>, <Location>, or <If>\n'],
    [ACCESS_CONF, 'only inside <Directory>, <Files>, <Location>, or <If>\n'],
    [RSRC_CONF | ACCESS_CONF, 'anywhere\n'],
    [OR_ALL, "anywhere and in .htaccess\n\twhen AllowOverride isn't None\n"],
    [OR_FILEINFO, 'anywhere and in .htaccess\n\twhen AllowOverride includes FileInfo\n'],
    [OR_OPTIONS, 'anywhere and in .htaccess\n\twhen AllowOverride includes Options\n'],
    [
      OR_AUTHCFG,
      'only inside <Directory>, <Files>, <Location>, or <If> and in .htaccess\n\twhen AllowOverride includes AuthConfig\n',
    ],
    [
      OR_AUTHCFG | OR_LIMIT,
      'only inside <Directory>, <Files>, <Location>, or <If> and in .htaccess\n\twhen AllowOverride includes AuthConfig or Limit\n',
    ],
    [
      OR_AUTHCFG | OR_FILEINFO,
      'anywhere and in .htaccess\n\twhen AllowOverride includes AuthConfig or FileInfo\n',
    ],
  ];
  it.each(cases)('%i', (where, text) => {
    const row = { name: 'Name', usage: 'usage', where };
    expect(directivesText([{ file: 'mod_x.c', directives: [row] }])).toBe(
      `Name (mod_x.c)\n\tusage\n\tAllowed in *.conf ${text}`,
    );
  });
});

it('lists a directive once and says what has no effect', () => {
  const row = { name: 'Name', usage: '', where: RSRC_CONF | ACCESS_CONF, noEffect: 'why' };
  const text = directivesText([
    { file: 'mod_macro.c', directives: [row] },
    { file: 'mod_y.c', directives: [row] },
  ]);
  expect(text).toBe(
    'Name (mod_macro.c)\n\tAllowed in *.conf anywhere [no per-dir config]\n\tWithout effect here: why\n',
  );
});

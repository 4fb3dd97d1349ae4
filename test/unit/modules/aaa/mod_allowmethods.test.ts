import { describe, expect, it } from 'vitest';
import { coreServer } from '../../../../src/core/core-config.ts';
import { modAllowmethods } from '../../../../src/modules/aaa/mod_allowmethods.ts';
import { applyText } from '../support.ts';

function allowedBy(lines: string) {
  const { server, errors } = applyText(`RegisterHttpMethod BREW\n<Location "/">\n${lines}\n</Location>`);
  expect(errors).toEqual([]);
  const [section] = coreServer(server).locationSections ?? [];
  return section && modAllowmethods.dirOf(section.perDir).allowed;
}

describe('AllowMethods', () => {
  it.each([
    ['AllowMethods GET', ['GET', 'HEAD'], ['POST', 'get']],
    ['AllowMethods HEAD BREW', ['GET', 'HEAD', 'BREW'], ['PUT']],
    ['AllowMethods GET\nAllowMethods POST', ['GET', 'POST'], ['PUT']],
    ['AllowMethods GET\nAllowMethods reset\nAllowMethods PUT', ['PUT'], ['GET']],
  ])('%j', (lines, allowed, refused) => {
    const scope = allowedBy(lines);
    for (const method of allowed) expect(scope?.includes(method), method).toBe(true);
    for (const method of refused) expect(scope?.includes(method), method).toBe(false);
  });

  it('reset allows every method', () => {
    expect(allowedBy('AllowMethods GET\nAllowMethods RESET')).toBe(null);
  });

  it.each([
    ['AllowMethods', "AllowMethods: No method or 'reset' keyword given"],
    ['AllowMethods reset GET', "AllowMethods: Invalid Method 'reset'"],
    ['AllowMethods GET reset', "AllowMethods: Invalid Method 'reset'"],
    ['AllowMethods get', "AllowMethods: Invalid Method 'get'"],
    ['AllowMethods GET FOO', "AllowMethods: Invalid Method 'FOO'"],
  ])('%s is refused', (line, error) => {
    expect(applyText(`<Location "/">\n${line}\n</Location>`).errors).toEqual([error]);
  });

  it('knows registered methods in a virtual host', () => {
    const text =
      'RegisterHttpMethod BREW\n<VirtualHost *:80>\n<Location "/">\nAllowMethods BREW\n</Location>\n</VirtualHost>';
    expect(applyText(text).errors).toEqual([]);
    expect(applyText('AllowMethods GET').errors).toEqual(['AllowMethods not allowed here']);
  });
});

/** The flags of a RewriteRule by their long names. */
const LONG: Readonly<Record<string, string>> = {
  l: 'last',
  f: 'forbidden',
  g: 'gone',
  p: 'proxy',
  r: 'redirect',
  s: 'skip',
  c: 'chain',
  n: 'next',
  e: 'env',
  ns: 'nosubreq',
  nc: 'nocase',
};

/** `[L,R=301]`: last, redirect. */
export function rewriteFlags(written: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const flag of written.replace(/^\[|\]$/g, '').split(',')) {
    const name = (flag.split('=')[0] ?? '').trim().toLowerCase();
    names.add(LONG[name] ?? name);
  }
  return names;
}

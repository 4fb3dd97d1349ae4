/**
 * SDBM files, as APR keeps them: a `.pag` file of pages of hashed pairs, and a `.dir` file that says which page has which. To know all pairs the
 * pages are enough. Damaged pages are skipped.
 */

/** Bytes of a page. Its first number counts the offsets behind it; pairs fill the page from its end. */
const PAGE = 1024;

/** The pairs of a `.pag` file, both as byte strings. */
export function parseSdbm(pages: Buffer): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let start = 0; start < pages.length; start += PAGE) readPage(pages, start, pairs);
  return pairs;
}

function readPage(pages: Buffer, start: number, pairs: Map<string, string>): void {
  if (start + PAGE > pages.length) return;
  const count = pages.readUInt16LE(start);
  if (count % 2 !== 0 || 2 * (count + 1) > PAGE) return;
  let end = PAGE;
  for (let i = 1; i < count; i += 2) {
    const key = pages.readUInt16LE(start + 2 * i);
    const value = pages.readUInt16LE(start + 2 * i + 2);
    if (value > key || key > end || value < 2 * (count + 1)) return;
    const name = pages.toString('latin1', start + key, start + end);
    if (!pairs.has(name)) pairs.set(name, pages.toString('latin1', start + value, start + key));
    end = value;
  }
}

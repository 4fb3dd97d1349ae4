/** The files every server serves, and where its configuration and logs go: one directory, removed at the end. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/**
 * @typedef {object} Site
 * @property {string} directory holds everything
 * @property {string} documents the document root
 * @property {() => void} remove
 */

/** @returns {Site} */
export function makeSite() {
  const directory = mkdtempSync(join(tmpdir(), 'apache-lite-bench-'));
  // Servers started by root drop to another user, who has to get in.
  chmodSync(directory, 0o755);
  const documents = join(directory, 'htdocs');
  mkdirSync(documents);
  const put = (/** @type {string} */ name, /** @type {string | Buffer} */ content) =>
    writeFileSync(join(documents, name), content, { mode: 0o644 });
  put('index.html', '<!DOCTYPE html><title>hello</title><p>hello</p>\n');
  put('1k.txt', text(KIB));
  put('100k.txt', text(100 * KIB));
  put('10m.bin', text(10 * MIB));
  put('32m.bin', text(32 * MIB));
  for (const name of ['reuse', 'plain']) {
    mkdirSync(join(documents, name));
    put(`${name}/hello.php`, '<?php echo "hello\\n";\n');
  }
  return {
    directory,
    documents,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** @param {number} length */
function text(length) {
  return Buffer.alloc(length, 'The quick brown fox jumps over the lazy dog. 0123456789 abcdef\n');
}

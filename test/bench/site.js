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
  for (const name of ['reuse', 'plain', 'wordpress', 'wordpress-404', 'listing', 'listing-fancy'])
    mkdirSync(join(documents, name));
  for (const name of ['reuse/hello.php', 'plain/hello.php', 'wordpress/index.php'])
    put(name, '<?php echo "hello\\n";\n');
  put('reuse/stream.php', STREAM_PHP);
  // As WordPress writes it for a site in a directory. Where there is no index.php, what is not there stays not there.
  for (const name of ['wordpress', 'wordpress-404']) put(`${name}/.htaccess`, wordpressRules(`/${name}/`));
  let nested = 'nested';
  for (let depth = 1; depth <= 10; depth++) {
    nested += `/d${depth}`;
    mkdirSync(join(documents, nested), { recursive: true });
    put(`${nested}/.htaccess`, `Header set X-Level ${depth}\n`);
  }
  put(`${nested}/1k.txt`, text(KIB));
  for (const name of ['listing', 'listing-fancy'])
    for (let index = 0; index < 1000; index++) put(`${name}/file-${String(index).padStart(4, '0')}.txt`, 'x');
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

/** 50 MiB down, or the length of what came up. */
const STREAM_PHP = `<?php
if ($_SERVER['REQUEST_METHOD'] === 'PUT') {
  $in = fopen('php://input', 'rb');
  for ($n = 0; !feof($in); $n += strlen(fread($in, 65536)));
  echo $n;
} else {
  $piece = str_repeat('x', 65536);
  for ($i = 0; $i < 800; $i++) { echo $piece; flush(); }
}
`;

/** @param {string} base */
function wordpressRules(base) {
  return `<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase ${base}
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . ${base}index.php [L]
</IfModule>
`;
}

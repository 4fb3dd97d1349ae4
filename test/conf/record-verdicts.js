// Records what httpd says of the real configurations: `node test/conf/record-verdicts.js [corpus]`. Needs apache2 with its modules.
// Each file stands in the main server, a .htaccess file in a <Directory>, with all modules loaded. httpd stops at its first complaint, so that
// the line is taken out and httpd asked again until it has nothing left to say. Only names, hashes and what httpd said are kept.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const CORPUS = process.argv[2] ?? process.env.CONF_CORPUS ?? '';
const MODULES = '/usr/lib/apache2/modules';
const OUTPUT = here('../../fixtures/corpus/verdicts.json');
const MOST_COMPLAINTS = 400;

const root = mkdtempSync(path.join(tmpdir(), 'verdicts-'));
for (const folder of ['logs', 'conf', 'www']) mkdirSync(path.join(root, folder));
const copy = path.join(root, 'copy.conf');
const base = path.join(root, 'base.conf');

const loads = (mpm) =>
  readdirSync(MODULES)
    .filter(
      (name) => /^mod_.*\.so$/.test(name) && (!name.startsWith('mod_mpm_') || name === `mod_mpm_${mpm}.so`),
    )
    // Some need others to be loaded before them.
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((name) => `LoadModule ${name.replace(/^mod_|\.so$/g, '')}_module ${MODULES}/${name}`);
const FIRST = [
  'mod_mpm',
  'mod_dav.so',
  'mod_dbd.so',
  'mod_proxy.so',
  'mod_session.so',
  'mod_cache.so',
  'mod_ldap.so',
  'mod_watchdog',
];
const rank = (name) => (FIRST.some((start) => name.startsWith(start)) ? 0 : 1);

/** The first complaint: line of the copy (0: none is named) and words; undefined: none. */
function ask(lines, isHtaccess, mpm) {
  writeFileSync(copy, lines.join('\n'), 'latin1');
  const include = isHtaccess ? `<Directory "${root}/www">\nInclude ${copy}\n</Directory>` : `Include ${copy}`;
  writeFileSync(base, [`ServerRoot ${root}`, 'ServerName localhost', ...loads(mpm), include, ''].join('\n'));
  const run = spawnSync('apache2', ['-t', '-f', base], {
    encoding: 'latin1',
    timeout: 30_000,
    env: { PATH: process.env.PATH },
  });
  if (run.status === 0) return undefined;
  const said = run.stderr
    .split('\n')
    .filter((line) => line !== '' && !/^AH\d{5}: (?!Syntax error)|^AH00558/.test(line));
  for (const [index, line] of said.entries()) {
    const at = line.lastIndexOf(`of ${copy}:`);
    if (at < 0) continue;
    const number = Number(/(\d+) $/.exec(line.slice(0, at))?.[1]);
    const rest = line.slice(at + `of ${copy}:`.length).trim();
    return { line: number, message: rest === '' ? (said[index + 1] ?? '') : rest };
  }
  return { line: 0, message: run.stderr.trim().split('\n').at(-1) ?? '' };
}

/** Takes the complained-of directive out: its continued lines, of a section all up to its end. */
function takeOut(lines, line) {
  let first = line - 1;
  while (first > 0 && /\\\r?$/.test(lines[first - 1] ?? '')) first--;
  const opened = /^\s*<([A-Za-z]\w*)/.exec(lines[first] ?? '')?.[1];
  let last = line - 1;
  if (opened !== undefined) {
    const [open, close] = [new RegExp(`^\\s*<${opened}\\b`, 'i'), new RegExp(`^\\s*</${opened}\\b`, 'i')];
    for (let depth = 1; depth > 0 && last + 1 < lines.length; ) {
      last++;
      if (open.test(lines[last])) depth++;
      else if (close.test(lines[last])) depth--;
    }
  }
  for (let at = first; at <= last; at++) lines[at] = '';
}

function verdict(text, isHtaccess, mpm) {
  const lines = text.split('\n');
  const complaints = [];
  // An MPM is loaded already, and what Debian has built in others load.
  for (const [index, line] of lines.entries()) {
    if (/^\s*LoadModule\s+(?:mpm_|log_config_|logio_|unixd_|version_|watchdog_)/i.test(line))
      lines[index] = '';
  }
  while (complaints.length < MOST_COMPLAINTS) {
    const complaint = ask(lines, isHtaccess, mpm);
    // Directories of logs are this machine's affair.
    if (complaint === undefined || complaint.message.startsWith('AH00014:')) break;
    const name = /AH0054[34]: .*bad (user|group) name/.exec(complaint.message)?.[1];
    if (complaint.line === 0 && name !== undefined)
      complaint.line = lines.findIndex((line) => new RegExp(`^\\s*${name}\\s`, 'i').test(line)) + 1;
    // The copy's name and the temporary folder say nothing.
    const message = complaint.message.replaceAll(copy, '$FILE').replaceAll(root, '$ROOT');
    complaints.push([complaint.line, message]);
    if (complaint.line === 0) break;
    takeOut(lines, complaint.line);
  }
  return complaints;
}

const verdicts = {};
for (const folder of ['htaccess', 'main', 'snippet', 'vhost']) {
  for (const name of readdirSync(path.join(CORPUS, folder)).sort()) {
    const bytes = readFileSync(path.join(CORPUS, folder, name));
    const text = bytes.toString('latin1');
    const isHtaccess = folder === 'htaccess';
    const own = /^\s*LoadModule\s+mpm_(\w+)_module/im.exec(text)?.[1] ?? 'event';
    let complaints = verdict(text, isHtaccess, own);
    if (complaints.some(([, message]) => /Invalid command '(Min|Max)SpareServers'/.test(message)))
      complaints = verdict(text, isHtaccess, 'prefork');
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    verdicts[`${folder}/${name}`] = { hash, complaints };
    process.stderr.write(complaints.length === 0 ? '.' : 'x');
  }
}
rmSync(root, { recursive: true });
const entries = Object.entries(verdicts).map(
  ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
);
mkdirSync(path.dirname(OUTPUT), { recursive: true });
writeFileSync(OUTPUT, `{\n${entries.join(',\n')}\n}\n`);

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Httpd } from '../support/httpd.ts';
import type { CaseCertificate, CaseFile, DifferentialCase } from './case-format.ts';
import { runsAsRoot, serverUser } from './server-user.ts';

/** What the placeholders `${root}`, `${port}`, ... of a case stand for in one run. */
export interface Placeholders {
  /** Absolute, always of the same length, so that lengths in answers do not differ from run to run. */
  readonly root: string;
  /**
   * By placeholder name: `port`, `port2`, `port3` to listen on, `fcgi` the FastCGI backend, `dead` where nobody listens, `backend`, `backend2`,
   * `backend3` the HTTP ones.
   */
  readonly ports: ReadonlyMap<string, number>;
}

export function placeholders(root: string, ports: readonly number[]): Placeholders {
  const names = ['port', 'port2', 'port3', 'fcgi', 'dead', 'backend', 'backend2', 'backend3'].slice(
    0,
    ports.length,
  );
  return { root, ports: new Map(names.map((name, index) => [name, ports[index] as number])) };
}

/** Replaces the placeholders of the harness and leaves every other `${NAME}` to the server. */
export function fill(text: string, values: Placeholders): string {
  return text.replace(/\$\{([a-z0-9]+)\}/g, (whole, name: string) =>
    name === 'root' ? values.root : (values.ports.get(name)?.toString() ?? whole),
  );
}

const www = fileURLToPath(new URL('../../fixtures/www', import.meta.url));

/** 2024-01-02 03:04:05 UTC: a Last-Modified and ETag that never change. */
const defaultMtime = 1704164645;

const defaultModules = ['mpm_event', 'authz_core', 'mime', 'dir', 'alias', 'env', 'setenvif'];

/** What Debian's httpd has compiled in: not loaded even where that httpd is absent, so that the frame is the same. */
const debianBuiltIn = ['mod_log_config.c', 'mod_logio.c', 'mod_version.c', 'mod_unixd.c', 'mod_watchdog.c'];

const mimeTypes = `text/html html htm
text/plain txt conf
text/css css
text/javascript js mjs
application/json json
application/xml xml
image/png png
image/gif gif
image/jpeg jpeg jpg
image/svg+xml svg
application/pdf pdf
application/zip zip
application/x-tar tar
`;

/** Writes the case's whole tree below the root, anew. Returns the path of the configuration file. */
export function layOut(definition: DifferentialCase, values: Placeholders, httpd: Httpd | undefined): string {
  const { root } = values;
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { mode: 0o755 });
  for (const directory of ['conf', 'htdocs', 'logs', 'run'])
    mkdirSync(join(root, directory), { mode: 0o755 });
  if (runsAsRoot()) chownSync(join(root, 'run'), serverUser.uid, serverUser.gid);
  cpSync(www, join(root, 'htdocs'), { recursive: true });
  for (const entry of readdirSync(www, { recursive: true, encoding: 'utf8' })) {
    const copy = join(root, 'htdocs', entry);
    chmodSync(copy, readdirSafe(copy) ? 0o755 : 0o644);
    utimesSync(copy, defaultMtime, defaultMtime);
  }
  writeFileSync(join(root, 'conf/mime.types'), mimeTypes);
  writeFileSync(join(root, 'conf/frame.conf'), frame(definition, values, httpd));
  const configuration = join(root, 'conf/httpd.conf');
  const first = definition.frameless ? '' : `Include "${root}/conf/frame.conf"\n`;
  writeFileSync(configuration, first + fill(definition.configuration, values), 'latin1');
  for (const certificate of definition.certificates) makeCertificate(certificate, root);
  // Directories lose their write permission only after everything in them exists.
  for (const file of definition.files) create(file, values);
  for (const file of definition.files) finish(file, values);
  return configuration;
}

/** Anew for every run: nothing in an answer depends on what is in it but its names. */
function makeCertificate({ name, host }: CaseCertificate, root: string): void {
  const folder = join(root, 'tls');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
  const subject = ['-subj', `/O=Test/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-days', '2'];
  const options = { cwd: folder, stdio: 'ignore' } as const;
  execFileSync('openssl', ['req', '-x509', ...key, '-out', `${name}.crt`, ...subject], options);
}

function readdirSafe(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function target(file: CaseFile, values: Placeholders): Buffer {
  return Buffer.from(join(values.root, fill(file.path, values)), 'latin1');
}

function create(file: CaseFile, values: Placeholders): void {
  const path = target(file, values);
  const parent = dirname(path.toString('latin1'));
  mkdirSync(Buffer.from(parent, 'latin1'), { recursive: true, mode: 0o755 });
  if (file.kind === 'dir') mkdirSync(path, { recursive: true, mode: 0o755 });
  else if (file.kind === 'symlink') symlinkSync(fill(file.content, values), path);
  else writeFileSync(path, fill(file.content, values), 'latin1');
}

function finish(file: CaseFile, values: Placeholders): void {
  const path = target(file, values);
  const mtime = file.mtime ?? defaultMtime;
  if (file.kind === 'symlink') {
    lutimesSync(path, mtime, mtime);
    return;
  }
  if (file.owned && runsAsRoot()) chownSync(path, serverUser.uid, serverUser.gid);
  chmodSync(path, file.mode ?? (file.kind === 'dir' ? 0o755 : 0o644));
  utimesSync(path, mtime, mtime);
}

function frame(definition: DifferentialCase, values: Placeholders, httpd: Httpd | undefined): string {
  const builtIn = httpd?.builtIn ?? new Set(debianBuiltIn);
  const path = httpd?.modules ?? '/usr/lib/apache2/modules';
  const lines = [`ServerRoot "${values.root}"`, 'DefaultRuntimeDir run', 'PidFile run/httpd.pid'];
  for (const name of new Set([...defaultModules, ...definition.modules])) {
    if (!builtIn.has(`mod_${name}.c`)) lines.push(`LoadModule ${name}_module "${path}/mod_${name}.so"`);
  }
  if (runsAsRoot()) lines.push(`User ${serverUser.name}`, `Group ${serverUser.name}`);
  lines.push(
    `Listen 127.0.0.1:${values.ports.get('port')}`,
    'ServerName localhost',
    // One comment differs between the two products; cases about ServerTokens set their own.
    'ServerTokens Prod',
    'DocumentRoot htdocs',
    'ErrorLog logs/error.log',
    'TypesConfig conf/mime.types',
  );
  return `${lines.join('\n')}\n`;
}

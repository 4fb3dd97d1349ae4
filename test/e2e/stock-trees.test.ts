/** Configurations as distributions and httpd itself ship them: loaded with nothing changed but ports and paths, and served. */

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { knownDirectives } from '../../src/config/known-directives.ts';
import { modules } from '../../src/modules/index.ts';
import { findApacheLite } from '../support/apache-lite.ts';
import { STOCK } from '../support/stock.ts';
import { ask, makeSite, type Site } from '../support/with-server.ts';

const DEBIAN = '/etc/apache2';

const builtIn = new Set(modules.map(({ name }) => name));
const moduleOf = (loadFile: string): string =>
  /^\s*LoadModule (\w+)/m.exec(readFileSync(loadFile, 'latin1'))?.[1] ?? '';

let site: Site | undefined;
afterEach(() => site?.dispose());

/** What `-t` prints and answers. */
function check(file: string, options: readonly string[], environment: Readonly<Record<string, string>>) {
  const program = findApacheLite();
  if ('missing' in program) throw new Error(program.missing);
  const { stderr, status } = spawnSync(program.command, [...program.prefix, ...options, '-t', '-f', file], {
    encoding: 'latin1',
    timeout: 20_000,
    env: { ...process.env, ...environment },
  });
  return { stderr, status };
}

describe.skipIf(!existsSync(`${DEBIAN}/apache2.conf`))(
  "Debian's tree (skipped where /etc/apache2 is absent)",
  () => {
    const replaceIn = (file: string, changes: readonly (readonly [RegExp, string])[]): void => {
      let text = readFileSync(file, 'latin1');
      for (const [from, to] of changes) text = text.replace(from, to);
      writeFileSync(file, text, 'latin1');
    };
    interface Tree {
      readonly made: Site;
      /** Takes the place of /etc/apache2. */
      readonly conf: string;
      readonly file: string;
      readonly options: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
    }
    async function copyTree(): Promise<Tree> {
      const made = await makeSite({ isFrameless: true });
      site = made;
      const { root } = made;
      rmSync(path.join(root, 'conf'), { recursive: true });
      // Links stay links, as they are in mods-enabled.
      cpSync(DEBIAN, path.join(root, 'conf'), { recursive: true, verbatimSymlinks: true });
      const conf = path.join(root, 'conf');
      const environment: Record<string, string> = {};
      replaceIn(`${conf}/ports.conf`, [[/^Listen 80$/m, `Listen 127.0.0.1:${made.port}`]]);
      replaceIn(`${conf}/sites-available/000-default.conf`, [
        [/\*:80/, `*:${made.port}`],
        [/\/var\/www/, `${root}/www`],
      ]);
      replaceIn(`${conf}/apache2.conf`, [[/\/var\/www\//, `${root}/www/`]]);
      // What envvars exports when the service is started.
      const exported = spawnSync('sh', ['-c', '. ./envvars && env'], {
        cwd: conf,
        encoding: 'latin1',
        env: { PATH: process.env.PATH },
      }).stdout;
      for (const [, name = '', value = ''] of exported.matchAll(/^(APACHE_\w+|LANG)=(.*)$/gm))
        environment[name] = value;
      Object.assign(environment, {
        APACHE_PID_FILE: `${root}/run/apache2.pid`,
        APACHE_RUN_DIR: `${root}/run`,
        APACHE_LOCK_DIR: `${root}/run`,
        APACHE_LOG_DIR: `${root}/logs`,
      });
      if (process.getuid?.() !== 0)
        Object.assign(environment, { APACHE_RUN_USER: process.env.USER ?? 'nobody' });
      made.write('www/html/index.html', 'It works\n');
      made.write('www/html/files/a.txt', 'a');
      made.write('www/html/.htaccess', 'Bogus\n');
      return { made, conf, file: `${conf}/apache2.conf`, options: ['-d', conf], environment };
    }
    /** Modules of a folder that are not built in, by the name of their files. */
    const missingIn = (folder: string): string[] =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.load') && !builtIn.has(moduleOf(path.join(folder, name))))
        .map((name) => name.slice(0, -5));

    it('loads; what stops it is only a module that is not built in', async () => {
      const { conf, file, options, environment } = await copyTree();
      const missing = missingIn(`${conf}/mods-enabled`);
      const { stderr, status } = check(file, options, environment);
      const refused = [
        ...stderr.matchAll(
          /^apache-lite: Syntax error on line \d+ of .*mods-enabled\/(\w+)\.load: Cannot load/gm,
        ),
      ];
      expect(new Set(refused.map(([, name]) => name))).toEqual(new Set(missing));
      if (missing.length === 0) {
        expect(stderr).toMatch(/^(AH00558: .*\n)?Syntax OK\n$/);
        expect(status).toBe(0);
      }
    });

    it('serves', async () => {
      const { made, conf, ...start } = await copyTree();
      const enabled = `${conf}/mods-enabled`;
      for (const name of missingIn(enabled))
        for (const kind of ['load', 'conf']) rmSync(`${enabled}/${name}.${kind}`, { force: true });
      await made.start(start);
      expect(await ask(made.port, '/')).toMatchObject({
        status: 200,
        body: 'It works\n',
        headers: { 'content-type': 'text/html' },
      });
      expect((await ask(made.port, '/.htaccess')).status).toBe(403);
      expect(await ask(made.port, '/files')).toMatchObject({
        status: 301,
        headers: { location: expect.stringMatching(/\/files\/$/) },
      });
      const listing = await ask(made.port, '/files/');
      expect(listing.status).toBe(200);
      expect(listing.body).toContain('<a href="a.txt">a.txt</a>');
      expect((await ask(made.port, '/none')).body).toMatch(
        /<address>Apache\/2\.4\.71 \(apache-lite\) Server at 127\.0\.0\.1 Port \d+<\/address>/,
      );
      await made.until('the lines', () => made.read('logs/access.log').split('\n').length > 4);
      expect(await made.stop()).toBe(0);
    });

    it('names every module that is not built in, and where it is loaded, in one run', async () => {
      const { conf, file, options, environment } = await copyTree();
      const available = `${conf}/mods-available`;
      // Multi-processing modules exclude each other; what is not httpd's own is told apart elsewhere.
      const missing = missingIn(available).filter((name) => !/^(mpm_|php|gnutls|dumpio)/.test(name));
      for (const name of missing)
        for (const kind of ['load', 'conf'])
          if (
            existsSync(`${available}/${name}.${kind}`) &&
            !existsSync(`${conf}/mods-enabled/${name}.${kind}`)
          )
            symlinkSync(`../mods-available/${name}.${kind}`, `${conf}/mods-enabled/${name}.${kind}`);
      const { stderr } = check(file, options, environment);
      const named = missing.filter((name) => {
        const module = moduleOf(`${available}/${name}.load`);
        const place = `Syntax error on line \\d+ of .*mods-enabled/${name}\\.load: `;
        return new RegExp(`${place}Cannot load \\S+ into server: module ${module} `).test(stderr);
      });
      expect(named).toEqual(missing);
    });
  },
);

describe.skipIf(!existsSync(STOCK))(
  "httpd's own httpd.conf and extra (skipped without Debian's apache2-doc)",
  () => {
    /** Writes the files where `make install` puts them, below a directory of ours; answers the main file's text. */
    async function install(): Promise<{ made: Site; conf: string }> {
      const made = await makeSite({ isFrameless: true });
      site = made;
      // Debian's paths are those of its own tree, or none.
      const take = (file: string, to: string): void => {
        const text = readFileSync(file, 'latin1')
          .replace(/^ServerRoot ""$/m, `ServerRoot "${made.root}"`)
          .replaceAll('/usr/share/apache2/default-site/htdocs', `${made.root}/htdocs`)
          .replaceAll('/etc/apache2/', 'conf/')
          .replaceAll('/var/log/apache2/', 'logs/')
          .replaceAll('/var/run/apache2/', 'run/');
        writeFileSync(path.join(made.root, to), text, 'latin1');
      };
      mkdirSync(path.join(made.root, 'conf/extra'));
      const extra = path.join(path.dirname(STOCK), 'extra');
      for (const name of readdirSync(extra)) take(path.join(extra, name), `conf/extra/${name}`);
      take(STOCK, 'conf/httpd.conf');
      const conf = readFileSync(made.file, 'latin1')
        .replace(/^Listen 80$/m, `Listen 127.0.0.1:${made.port}`)
        .replace(/^(User|Group) daemon$/gm, process.getuid?.() === 0 ? '$1 www-data' : '#$&');
      made.write('htdocs/index.html', '<html><body><h1>It works!</h1></body></html>\n');
      made.write('htdocs/files/a.txt', 'a');
      return { made, conf };
    }
    it('serves', async () => {
      const { made, conf } = await install();
      writeFileSync(made.file, conf, 'latin1');
      await made.start();
      expect(await ask(made.port, '/')).toMatchObject({
        status: 200,
        body: expect.stringContaining('It works!'),
        headers: { 'content-type': 'text/html' },
      });
      expect((await ask(made.port, '/files/')).body).toContain('href="a.txt"');
      expect((await ask(made.port, '/.htpasswd')).status).toBe(403);
      await made.until('the lines', () => made.read('logs/access_log').split('\n').length > 3);
      expect(made.read('logs/access_log')).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 45$/m);
    });

    it.each([
      'mpm',
      'autoindex',
      'languages',
      'userdir',
      'info',
      'default',
      'multilang-errordoc',
      'manual',
      'dav',
      'ssl',
      'vhosts',
    ])(
      'extra/httpd-%s.conf: nothing stops it but directives of modules that are not built in',
      async (name) => {
        const { made, conf } = await install();
        // Every module that is built in is in force: without a LoadModule line all of them are.
        writeFileSync(
          made.file,
          conf
            .replace(/^LoadModule .*\n/gm, '')
            .replace(new RegExp(`^#(Include conf/extra/httpd-${name}\\.conf)$`, 'm'), '$1'),
          'latin1',
        );
        const { stderr } = check(made.file, [], {});
        const directives = knownDirectives();
        const errors =
          stderr.match(/^(AH\d{5}: |apache-lite: )?Syntax error on line \d+ of .*:\n.*\n/gm) ?? [];
        for (const error of errors) {
          // No certificate comes with the tree.
          if (/\nSSLCertificate(?:Key)?File: file '.*' does not exist or is empty\n$/.test(error)) continue;
          // A format that mod_ssl adds to.
          if (!builtIn.has('ssl_module') && error.endsWith('\nUnrecognized LogFormat directive %x\n'))
            continue;
          const [, line, file = '', directive = ''] =
            /line (\d+) of (.*):\nInvalid command '([^']+)', perhaps misspelled/.exec(error) ?? [];
          expect(directive, error).not.toBe('');
          expect(readFileSync(file, 'latin1').split('\n')[Number(line) - 1]?.trim()).toMatch(
            new RegExp(`^${directive}\\b`),
          );
          const owner = directives.get(directive.toLowerCase())?.module ?? '';
          expect(builtIn.has(`${owner.replace(/^mod_/, '')}_module`), `${directive} of ${owner}`).toBe(false);
          expect(stderr).toContain(`${directive} is a directive of ${owner}`);
        }
        if (errors.length === 0) expect(stderr).toContain('Syntax OK');
      },
    );
  },
);

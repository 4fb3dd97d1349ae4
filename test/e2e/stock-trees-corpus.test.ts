/**
 * Hundreds of configurations that applications ship, checked as `-t` would: reading never fails where httpd's own parser accepts, and what
 * stops a file is a directive of a module that is not built in, or something httpd with all its modules refuses as well.
 */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyHtaccess } from '../../src/config/apply.ts';
import { OR_ALL } from '../../src/config/directive.ts';
import { knownDirectives } from '../../src/config/known-directives.ts';
import { readHtaccess } from '../../src/config/read/index.ts';
import type { Configuration } from '../../src/core/configuration.ts';
import { loadConfiguration } from '../../src/core/load.ts';
import { type Problem, Problems } from '../../src/diagnostics/problem.ts';
import { modules } from '../../src/modules/index.ts';
import { CORPUS, hasCorpus } from '../support/corpus.ts';
import { findHttpd } from '../support/httpd.ts';
import { problemLine } from '../support/problem-line.ts';

/** Lines about the machine they were written for: its files, users, certificates; taken out for both servers. */
const OF_THE_MACHINE =
  /^([ \t]*)(?=(?:LoadModule|LoadFile|ServerRoot|User|Group|DefaultRuntimeDir|Include|ErrorLog|CustomLog|Mutex|SSLCertificate\w+|SSLCA\w+|SSLProxy\w*(?:File|Path))[ \t])/gim;

/**
 * What says that a module or a part of one is not there: its directives, its providers, its formats, what is refused by name. Certificates were
 * taken out above; httpd misses them only when it starts.
 */
const MISSING_MODULE = [
  /^Cannot load /,
  /^Unknown Auth[nz] provider: /,
  /^Unrecognized LogFormat directive %[xc]$/,
  / is not supported by apache-lite\b/,
  /^Failed to configure at least one certificate and key for /,
];

/** A command of no module that is built in: of another one of httpd's, or of none of its. */
function isForeign(message: string): boolean {
  const [, command] = /^Invalid command '<?([^' >]*)/.exec(message) ?? [];
  if (command === undefined) return false;
  const known = directives.get(command.toLowerCase()) ?? directives.get(`<${command.toLowerCase()}`);
  return known === undefined || !builtIn.has(`${known.module.replace(/^mod_/, '')}_module`);
}

const directives = knownDirectives();
const builtIn = new Set(modules.map(({ name }) => name));
const httpd = findHttpd();
const loadLines =
  'missing' in httpd
    ? ''
    : readdirSync(httpd.modules)
        .filter((name) => /^mod_(?!mpm_(?:worker|prefork)|php)\w+\.so$/.test(name))
        .filter(
          (name) =>
            !httpd.builtIn.has(`${name.slice(0, -3)}.c`) &&
            existsSync(`/etc/apache2/mods-available/${name.slice(4, -3)}.load`),
        )
        .map((name) => `LoadModule ${name.slice(4, -3)}_module ${httpd.modules}/${name}\n`)
        .join('');

/** What httpd with all its modules says against a text; empty when it accepts it. */
function httpdRefusal(folder: string, text: string): string {
  if ('missing' in httpd) return '';
  const file = path.join(folder, 'oracle.conf');
  writeFileSync(file, `${loadLines}${text}`, 'latin1');
  const { stderr } = spawnSync(httpd.command, ['-t', '-T', '-f', file], {
    encoding: 'latin1',
    timeout: 20_000,
  });
  return stderr.includes('Syntax error on line') ? stderr : '';
}

/** httpd stops at its first complaint, which is one of ours. Which names there are to choose from is another list where all modules are loaded. */
function isRefusedAlike(refusal: string, ours: readonly Problem[]): boolean {
  const words = ours.map(({ message }) => message.replace(/(?: \(known names: |; fcgi:).*/s, ''));
  return words.some((message) => refusal.includes(message));
}

describe.skipIf(!hasCorpus || 'missing' in httpd)(
  'real configurations (skipped where CONF_CORPUS names no folder of them, or httpd is missing)',
  () => {
    let folder: string;
    let base: Configuration;
    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'apache-lite-corpus-'));
      mkdirSync(path.join(folder, 'logs'));
      const { configuration } = await loadConfiguration(modules, {
        entry: { name: 'base.conf', text: 'ServerName base\nListen 1\n' },
        serverRoot: folder,
      });
      if (configuration === undefined) throw new Error('the base configuration does not load');
      base = configuration;
      // Else every refusal would prove nothing.
      if (!('missing' in httpd))
        expect(httpdRefusal(folder, `ServerRoot "${folder}"\nListen 127.0.0.1:1\n`)).toBe('');
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    /** Problems of a file as the main server's configuration. */
    async function problemsOfConf(file: string): Promise<{ problems: Problems; text: string }> {
      const own = readFileSync(file, 'latin1').replace(OF_THE_MACHINE, '$1#');
      const copy = path.join(folder, 'copy.conf');
      writeFileSync(copy, own, 'latin1');
      const listen = /^\s*Listen\s/im.test(own) ? '' : 'Listen 127.0.0.1:1\n';
      const text = `ServerRoot "${folder}"\nServerName corpus.example\n${listen}Include "${copy}"\n`;
      const { problems } = await loadConfiguration(modules, {
        entry: { name: 'corpus.conf', text },
        serverRoot: folder,
        skipsDocumentRoots: true,
      });
      return { problems, text };
    }

    function problemsOfHtaccess(file: string): Problems {
      const problems = new Problems();
      const { lookup, providers, serverRoot, environment } = base;
      const tree = readHtaccess(file, readFileSync(file, 'latin1'), base, problems);
      const grant = {
        override: OR_ALL,
        overrideList: undefined,
        nonfatalOverride: 0,
        optionsAllowed: 0xffff,
      };
      applyHtaccess(tree, '/srv/site/', grant, base.main, {
        lookup,
        providers,
        problems,
        environment,
        serverRoot: () => serverRoot,
      });
      return problems;
    }

    for (const kind of ['main', 'vhost', 'snippet', 'htaccess']) {
      it(kind, { timeout: 120_000 }, async () => {
        const counts = { files: 0, accepted: 0, 'modules not built in': 0, 'refused by httpd too': 0 };
        const wrong: string[] = [];
        for (const name of readdirSync(path.join(CORPUS, kind))) {
          const file = path.join(CORPUS, kind, name);
          const { problems, text } =
            kind === 'htaccess'
              ? { problems: problemsOfHtaccess(file), text: undefined }
              : await problemsOfConf(file);
          const others = problems.errors.filter(
            ({ message }: Problem) =>
              !isForeign(message) && !MISSING_MODULE.some((pattern) => pattern.test(message)),
          );
          counts.files++;
          if (problems.errors.length === 0) counts.accepted++;
          else if (others.length === 0) counts['modules not built in']++;
          else if (text !== undefined && isRefusedAlike(httpdRefusal(folder, text), problems.errors))
            counts['refused by httpd too']++;
          else wrong.push(`${name}: ${others.map(problemLine).join('; ')}`);
        }
        process.stdout.write(`${kind}: ${JSON.stringify(counts)}\n`);
        expect(wrong).toEqual([]);
        expect(counts.files).toBeGreaterThan(0);
      });
    }
  },
);

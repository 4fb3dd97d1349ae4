import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, Site } from './command.ts';

let site: Site;
beforeAll(() => {
  // Nothing listens here: every case only reads.
  site = new Site(21999);
});
afterAll(() => site.dispose());

it('-v and -V', async () => {
  expect(await run(['-v'])).toEqual({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^Server version: Apache\/2\.4\.71 \(apache-lite\)\nServer built: {3}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\n$/,
    ),
  });
  const settings = await site.run('-V');
  expect(settings.code).toBe(0);
  expect(settings.stdout).toContain('\nArchitecture:   64-bit\nServer MPM:     event\n  threaded:     no\n');
  expect(settings.stdout).toMatch(/\n -D SERVER_CONFIG_FILE="conf\/httpd\.conf"\n$/);
});

it('-l and -L', async () => {
  expect((await run(['-l'])).stdout).toMatch(/^Compiled in modules:\n {2}core\.c\n {2}mod_so\.c\n/);
  const { stdout } = await run(['-L']);
  expect(stdout).toContain(
    'Listen (event.c)\n\tA port number or a numeric IP address and a port number, and an optional protocol\n' +
      '\tAllowed in *.conf only outside <Directory>, <Files>, <Location>, or <If>\n',
  );
  expect(stdout).toContain(
    'Options (core.c)\n\tSet a number of attributes for a given directory\n' +
      '\tAllowed in *.conf anywhere and in .htaccess\n\twhen AllowOverride includes Options\n',
  );
});

it('usage errors', async () => {
  const { code, stdout, stderr } = await run(['-Z']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^apache-lite: illegal option -- Z\nUsage: apache-lite /);
});

describe('-t', () => {
  it('says that all is well', async () => {
    expect(await site.run('-t')).toEqual({ code: 0, stdout: '', stderr: 'Syntax OK\n' });
  });

  it('finds a relative file in the working directory', async () => {
    expect(await run(['-t', '-f', 'httpd.conf'], site.root)).toMatchObject({
      code: 0,
      stderr: 'Syntax OK\n',
    });
    expect(await run(['-t', '-d', site.root, '-f', 'httpd.conf'])).toMatchObject({ code: 0 });
  });

  it('reports every problem, the first in the words of httpd', async () => {
    const { code, stderr } = await site.run('-t', '-c', 'Bogus', '-c', 'Listen');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^AH00526: Syntax error on line 1 of -c\/-C directives:\nInvalid command 'Bogus', perhaps misspelled or defined by a module not included in the server configuration\n/,
    );
    expect(stderr).toContain('\nListen requires 1 or 2 arguments.\n');
  });

  it('asks for the DocumentRoot, unless -T', async () => {
    const missing = ['-t', '-c', 'DocumentRoot nowhere'];
    expect(await site.run(...missing)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not a directory, or is not readable'),
    });
    expect(await site.run('-T', ...missing)).toEqual({ code: 0, stdout: '', stderr: 'Syntax OK\n' });
  });

  it('names a file that is not there', async () => {
    expect(await run(['-f', '/nowhere.conf', '-t'])).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^apache-lite: Could not open configuration file \/nowhere\.conf: No such file or directory\n/,
      ),
    });
  });

  it('-E takes the errors to a file', async () => {
    const outcome = await site.run('-t', '-E', path.join(site.root, 'startup.log'), '-c', 'Bogus');
    expect(outcome).toEqual({ code: 1, stdout: '', stderr: '' });
    expect(readFileSync(path.join(site.root, 'startup.log'), 'latin1')).toContain(
      "\nInvalid command 'Bogus'",
    );
  });
});

describe('dumps', () => {
  /** The layout of httpd 2.4.71 for the same file. */
  it('-S', async () => {
    const hosts = path.join(site.root, 'vhosts.conf');
    writeFileSync(
      hosts,
      '<VirtualHost *:21900>\nServerName a.example\nServerAlias aa.example *.a.example\n</VirtualHost>\n' +
        '<VirtualHost *:21900 127.0.0.1:21901>\nServerName b.example:99\n</VirtualHost>\n' +
        '<VirtualHost 127.0.0.1:*>\nServerName local\n</VirtualHost>\n' +
        '<VirtualHost [::1]:21900>\nServerName six.example\n</VirtualHost>\n' +
        '<VirtualHost _default_:21901>\nServerName https://d.example\n</VirtualHost>\n',
    );
    const { code, stdout } = await site.run('-S', '-c', 'Include vhosts.conf', '-c', 'Define FOO bar');
    expect(code).toBe(0);
    const { root } = site;
    expect(stdout).toBe(
      `VirtualHost configuration:
[::1]:21900            six.example (${hosts}:11)
127.0.0.1:21901        b.example (${hosts}:5)
127.0.0.1:*            local (${hosts}:8)
*:21900                is a NameVirtualHost
         default server a.example (${hosts}:1)
         port 21900 namevhost a.example (${hosts}:1)
                 alias aa.example
                 wild alias *.a.example
         port 21900 namevhost b.example (${hosts}:5)
*:21901                d.example (${hosts}:14)
ServerRoot: "${root}"
Main DocumentRoot: "${root}/htdocs"
Main ErrorLog: "${root}/logs/error_log"
Mutex default: dir="${root}/logs/" mechanism=default 
PidFile: "${root}/logs/httpd.pid"
Define: DUMP_VHOSTS
Define: DUMP_RUN_CFG
Define: FOO=bar
User: name="#-1" id=4294967295 not_used
Group: name="#-1" id=4294967295 not_used
`,
    );
  });

  it('-M', async () => {
    const { stdout } = await site.run('-M', '-C', 'LoadModule alias_module modules/mod_alias.so');
    expect(stdout).toMatch(/^Loaded Modules:\n core_module \(static\)\n so_module \(static\)\n/);
    expect(stdout).toMatch(/\n alias_module \(shared\)\n$/);
    expect(stdout).not.toContain('dir_module');
    expect((await site.run('-M')).stdout).toContain(' dir_module (static)\n');
  });

  it('DUMP_INCLUDES and DUMP_CONFIG', async () => {
    mkdirSync(path.join(site.root, 'sub'));
    writeFileSync(path.join(site.root, 'sub/a.conf'), 'Define A\n<Files   x >\nOptions   None\n</Files>\n');
    writeFileSync(path.join(site.root, 'top.conf'), 'ServerName x\nInclude sub/*.conf\n');
    const top = ['-d', site.root, '-f', 'top.conf'];
    const { root } = site;
    expect((await run([...top, '-tDDUMP_INCLUDES'])).stdout).toBe(
      `Included configuration files:\n  (*) ${root}/top.conf\n    (2) ${root}/sub/a.conf\n`,
    );
    expect(await run([...top, '-t', '-D', 'DUMP_CONFIG'])).toMatchObject({
      stdout:
        `# In file: ${root}/top.conf\n#   1:\nServerName x\n` +
        `# In file: ${root}/sub/a.conf\n#   2:\n<Files x >\n  #   3:\n  Options None\n</Files>\n`,
      stderr: 'Syntax OK\n',
    });
  });
});

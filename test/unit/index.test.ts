import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  builtInModules,
  ConfigurationError,
  checkConfiguration,
  createHttpd,
  ListenError,
  StartError,
} from '../../src/index.ts';
import { claimPorts, type PortBlock } from '../support/ports.ts';

let block: PortBlock;
let root: string;
const port = (): number => block.ports[0] as number;

beforeAll(async () => {
  block = await claimPorts();
  root = mkdtempSync(path.join(tmpdir(), 'apache-lite-library-'));
  mkdirSync(path.join(root, 'public'));
  writeFileSync(path.join(root, 'public/index.html'), 'home\n');
});
afterAll(async () => {
  await block.release();
  rmSync(root, { recursive: true });
});

/** A configuration that serves `public`, and more lines. */
const site = (...more: string[]): string =>
  [
    `Listen 127.0.0.1:${port()}`,
    'ServerName localhost',
    'DocumentRoot public',
    'ErrorLog error.log',
    ...more,
  ].join('\n');

async function get(url: string): Promise<[status: number, body: string]> {
  const answer = await fetch(`http://127.0.0.1:${port()}${url}`, {
    redirect: 'manual',
    headers: { connection: 'close' },
  });
  return [answer.status, await answer.text()];
}

describe('createHttpd', () => {
  it('serves, reloads and closes, and leaves the process as it was', async () => {
    const listeners = (): number[] => process.eventNames().map((name) => process.listenerCount(name));
    const before = listeners();
    const httpd = await createHttpd({ text: site(), serverRoot: root });
    expect(httpd.addresses).toEqual([]);
    await httpd.listen();
    expect(httpd.addresses).toEqual([{ host: '127.0.0.1', port: port() }]);
    expect(await get('/')).toEqual([200, 'home\n']);
    expect((await get('/old'))[0]).toBe(404);
    await httpd.reload({ text: site('Redirect /old /new'), serverRoot: root });
    expect((await get('/old'))[0]).toBe(302);
    await httpd.close({ graceful: true });
    expect(httpd.addresses).toEqual([]);
    await expect(get('/')).rejects.toThrow();
    expect(listeners()).toEqual(before);
    await expect(httpd.listen()).rejects.toThrow('closed');
  });

  it('reads its file again on reload()', async () => {
    mkdirSync(path.join(root, 'conf'), { recursive: true });
    const file = path.join(root, 'conf/httpd.conf');
    const access = '<Directory />\nAllowOverride All\n</Directory>';
    writeFileSync(file, site(`Redirect /$\{NAME} /new`, access));
    writeFileSync(
      path.join(root, 'public/.htaccess'),
      `PassEnv NAME\nRedirect /a /$\{NAME}\nHeader always set X-Name %{NAME}e`,
    );
    const httpd = await createHttpd({ file, environment: { NAME: 'first' } });
    await httpd.listen();
    expect((await get('/first'))[0]).toBe(302);
    const { headers } = await fetch(`http://127.0.0.1:${port()}/a`, {
      redirect: 'manual',
      headers: { connection: 'close' },
    });
    expect(headers.get('location')).toMatch(/\/first$/);
    expect(headers.get('x-name')).toBe('first');
    rmSync(path.join(root, 'public/.htaccess'));
    writeFileSync(file, site('<IfDefine NEVER>', 'Redirect /first /new', '</IfDefine>'));
    await httpd.reload();
    expect((await get('/first'))[0]).toBe(404);
    writeFileSync(file, 'Nonsense');
    await expect(httpd.reload()).rejects.toThrow(ConfigurationError);
    expect(await get('/')).toEqual([200, 'home\n']);
    await httpd.close();
  });

  it('.htaccess files are read by the rules of their own configuration, whatever was read since', async () => {
    const access = '<Directory />\nAllowOverride All\n</Directory>';
    const httpd = await createHttpd({
      text: site(
        'RegexDefaultOptions +ICASE',
        ...['ssl', 'alias', 'authz_core'].map((name) => `LoadModule ${name}_module x`),
        access,
      ),
      serverRoot: root,
    });
    await httpd.listen();
    await checkConfiguration({ text: 'ServerName x\nLoadModule alias_module x\n' });
    await expect(httpd.reload({ text: site('Nonsense'), serverRoot: root })).rejects.toThrow();
    const file = path.join(root, 'public/.htaccess');
    writeFileSync(
      file,
      'RedirectMatch ^/OLD /new\n<If "%{SSL:SSL_PROTOCOL} == \'x\'">\nErrorDocument 404 x\n</If>\n',
    );
    expect((await get('/old'))[0]).toBe(302);
    expect((await get('/none'))[0]).toBe(404);
    rmSync(file);
    await httpd.close();
  });

  it('refuses a configuration with errors, and tells all of them', async () => {
    const text = 'ServerName localhost\nAlias /a\nRedirct /b /c\n';
    const error = await createHttpd({ text, name: 'site.conf' }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    const { problems, code, message } = error as ConfigurationError;
    expect(code).toBe('ERR_CONFIGURATION');
    expect(problems).toMatchObject([
      { severity: 'error', code: 'AH00526', file: 'site.conf', line: 2, column: 1 },
      { severity: 'error', file: 'site.conf', line: 3, column: 1, length: 7, hint: 'did you mean Redirect?' },
    ]);
    expect(message).toContain('AH00526: Syntax error on line 2 of site.conf:');
    expect(message).toContain('^^^^^^^');
  });

  it.each([
    ['neither', {}],
    ['both', { file: 'a', text: 'b' }],
  ])('needs a file or a text: %s', async (_name, options) => {
    await expect(createHttpd(options)).rejects.toThrow(TypeError);
  });

  it('opens nothing when an address is taken, and may be asked again', async () => {
    const first = await createHttpd({ text: site(), serverRoot: root });
    await first.listen();
    const [, second] = block.ports;
    const httpd = await createHttpd({ text: site(`Listen 127.0.0.1:${second}`), serverRoot: root });
    await expect(httpd.listen()).rejects.toThrow(ListenError);
    expect(httpd.addresses).toEqual([]);
    await first.close();
    await httpd.listen();
    expect(httpd.addresses.map((address) => address.port)).toEqual([port(), second]);
    await httpd.close();
  });

  it.each([
    ['a log that cannot be opened', () => site('ErrorLog missing/error.log')],
    ['nothing to listen on', () => 'ServerName localhost'],
  ])('does not start: %s', async (_name, text) => {
    const httpd = await createHttpd({ text: text(), serverRoot: root });
    await expect(httpd.listen()).rejects.toThrow(StartError);
    await httpd.close();
  });

  it('a second close() cuts what the first one waits for', async () => {
    const httpd = await createHttpd({ text: site(), serverRoot: root });
    await httpd.listen();
    const client = connect(port(), '127.0.0.1');
    client.on('error', () => undefined);
    // The interim answer says that the request is being read.
    const isBegun = new Promise((resolve) => client.once('data', resolve));
    client.write('POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n');
    await isBegun;
    client.write('half');
    const gracefully = httpd.close({ graceful: true });
    const first = await Promise.race([
      gracefully.then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 100)),
    ]);
    expect(first).toBe(undefined);
    await Promise.all([httpd.close(), gracefully]);
    client.destroy();
  });
});

describe('checkConfiguration', () => {
  it.each([
    ['ServerName localhost', []],
    ['ServerName localhost\nListen', [['error', 2]]],
    [
      'ServerName localhost\nAlias /a\nFoo',
      [
        ['error', 2],
        ['error', 3],
      ],
    ],
  ])('%j', async (text, expected) => {
    const problems = await checkConfiguration({ text });
    expect(problems.map(({ severity, line }) => [severity, line])).toEqual(expected);
  });

  it('a file that is not there is a problem of no place', async () => {
    const [problem] = await checkConfiguration({ file: path.join(root, 'missing.conf') });
    expect(problem).toMatchObject({ severity: 'error' });
    expect(problem?.line).toBeUndefined();
    expect(problem?.message).toContain('missing.conf');
  });

  it('a second MPM is said where it is loaded', async () => {
    const text =
      'ServerName x\nLoadModule mpm_event_module a\nLoadModule mpm_worker_module b\nLoadModule alias_module c\n';
    expect(await checkConfiguration({ text })).toMatchObject([
      { code: 'AL0002', severity: 'error', line: 3, column: 1 },
    ]);
  });

  it('names and defines that are not ASCII are bytes inside and text outside', async () => {
    const [problem] = await checkConfiguration({ text: 'Größe 1', name: 'größe.conf' });
    expect(problem).toMatchObject({ file: 'größe.conf', line: 1, length: 7 });
    expect(problem?.text).toContain('Größe 1');
  });
});

describe('builtInModules', () => {
  it('names modules and directives', () => {
    const alias = builtInModules.find(({ name }) => name === 'alias_module');
    expect(alias?.file).toBe('mod_alias.c');
    expect(alias?.directives).toContainEqual({
      name: 'Alias',
      usage: 'a fakename and a realname, or a realname in a Location',
      withoutEffect: undefined,
    });
  });
});

describe('README, "As a library"', () => {
  it('the example does what its comments say', async () => {
    const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
    const [, example = ''] = /## As a library\n\n```js\n(.*?)```/s.exec(readme) ?? [];
    const code = example
      .replace("'apache-lite'", JSON.stringify(path.resolve(import.meta.dirname, '../../src/index.ts')))
      .replaceAll('/srv/site', root)
      .replaceAll('8080', String(port()));
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const file = path.join(root, 'example.mjs');
    writeFileSync(file, code);
    await import(/* @vite-ignore */ file);
    const lines = said.mock.calls;
    said.mockRestore();
    expect(lines).toEqual([[[{ host: '127.0.0.1', port: port() }]], [7, 2, 'did you mean Redirect?']]);
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accepts } from '../support/accepts.ts';
import { findApacheLite } from '../support/apache-lite.ts';
import { findHttpd, runToEnd } from '../support/httpd.ts';
import { type DemoServer, startDemo } from './demo-server.ts';

const root = new URL('../../', import.meta.url);

test('npm start runs the demo', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts.start).toMatch(/\bnode dist\/src\/demo\/main\.js$/);
});

describe('the demo', () => {
  let demo: DemoServer;
  beforeAll(async () => {
    demo = await startDemo();
  });
  afterAll(() => demo?.stop());

  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(demo.base + path, { redirect: 'manual', ...init });

  test.each<[path: string, status: number, type: string, content: string]>([
    ['/', 200, 'text/html', 'Your Apache configuration, served by Node.js'],
    ['/style.css', 200, 'text/css', ':root'],
    ['/icon.svg', 200, 'image/svg+xml', '<svg'],
    ['/nothing-here', 404, 'text/html', 'There is nothing here'],
    ['/httpd.conf', 200, 'text/plain; charset=utf-8', 'DocumentRoot  www'],
    ['/htaccess/', 200, 'text/html', 'this directory makes it the'],
    ['/htaccess/missing', 404, 'text/html; charset=iso-8859-1', 'Nothing of that name in this directory.'],
    ['/htaccess/.htaccess', 403, 'text/html; charset=iso-8859-1', '403 Forbidden'],
    ['/app/form.app', 200, 'text/html; charset=utf-8', '<form method="post"'],
    ['/app/none.app', 404, 'text/plain; charset=utf-8', 'There is no such application.'],
    ['/api/none', 404, 'text/plain; charset=utf-8', 'Try /api/variables'],
  ])('%s', async (path, status, type, content) => {
    const answer = await get(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, type]);
    expect(await answer.text()).toContain(content);
  });

  test.each<[path: string, status: number, location: string]>([
    ['/old', 301, '/index.html'],
    ['/htaccess/go/welcome.html', 302, '/htaccess/welcome.html'],
  ])('%s goes elsewhere', async (path, status, location) => {
    const answer = await get(path);
    expect([answer.status, answer.headers.get('location')]).toEqual([status, demo.base + location]);
  });

  test('a second site by its name', async () => {
    const answer = await getWithHost(demo.port, '/', 'second.localhost');
    expect(answer).toContain('<title>The second site</title>');
  });

  test('variables are shown, escaped, and lead to the file', async () => {
    const html = await (await get('/app/variables.app/a/b?<script>')).text();
    const cell = (name: string): string | undefined =>
      new RegExp(`<th scope="row">${name}</th><td>([^<]*)</td>`).exec(html)?.[1];
    expect(html).not.toContain('<script>');
    expect({
      path: cell('PATH_INFO'),
      script: cell('SCRIPT_NAME'),
      uri: cell('REQUEST_URI')?.replace('%3Cscript%3E', '&lt;script&gt;'),
      greeting: cell('DEMO_GREETING'),
      method: cell('REQUEST_METHOD'),
    }).toEqual({
      path: '/a/b',
      script: '/app/variables.app',
      uri: '/app/variables.app/a/b?&lt;script&gt;',
      greeting: 'Hello from 127.0.0.1',
      method: 'GET',
    });
    expect(cell('SCRIPT_FILENAME')).toMatch(/^\/.*\/conf\/demo\/www\/app\/variables\.app$/);
  });

  test('the same application by ProxyPass', async () => {
    const variables = (await (await get('/api/variables?q=1')).json()) as Record<string, string>;
    expect(variables).toMatchObject({
      SCRIPT_NAME: '/api/variables',
      QUERY_STRING: 'q=1',
      REQUEST_METHOD: 'GET',
      GATEWAY_INTERFACE: 'CGI/1.1',
    });
  });

  test('a form that is posted', async () => {
    const answer = await get('/app/form.app', {
      method: 'POST',
      body: new URLSearchParams({ name: '<i>Ä', words: 'a&b' }),
    });
    const html = await answer.text();
    expect(answer.status).toBe(200);
    expect(html).toContain('<h2>Hello, &lt;i&gt;Ä!</h2>');
    expect(html).toContain('<td>a&amp;b</td>');
  });

  test.each<[what: string, path: string, type: string, body: string, status: number]>([
    ['JSON for the form', '/app/form.app', 'application/json', '{}', 415],
    ['a form too large', '/app/form.app', 'application/x-www-form-urlencoded', 'x'.repeat(100_000), 413],
    ['no multipart', '/app/upload.app', 'text/plain', 'x', 415],
    ['half a multipart', '/app/upload.app', 'multipart/form-data; boundary=B', '--B\r\n', 400],
  ])('refused: %s', async (_what, path, type, body, status) => {
    const answer = await get(path, { method: 'POST', headers: { 'content-type': type }, body });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain('class="result problem"');
  });

  test('an upload is measured', async () => {
    const bytes = randomBytes(3_000_001);
    const body = new FormData();
    body.append('file', new Blob([bytes], { type: 'image/x-noise' }), 'a "b" <c>.bin');
    body.append('file', new Blob([]), 'empty.txt');
    body.append('remark', 'kept & shown');
    const html = await (await get('/app/upload.app', { method: 'POST', body })).text();
    expect(html).toContain('<h2>2 files in ');
    expect(html).toContain('<dd>a &quot;b&quot; &lt;c&gt;.bin</dd>');
    expect(html).toContain('<dd>image/x-noise</dd>');
    expect(html).toContain('<dd>3,000,001 bytes</dd>');
    expect(html).toContain(createHash('sha256').update(bytes).digest('hex'));
    expect(html).toContain(createHash('sha256').digest('hex'));
    expect(html).toContain('<td>kept &amp; shown</td>');
  });

  test('an upload without a length, sent as it is made', async () => {
    const hash = createHash('sha256');
    const size = 64 * 1024 * 1024;
    const html = await new Promise<string>((resolve, reject) => {
      const sending = request(
        `${demo.base}/app/upload.app`,
        { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=B' } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.once('end', () => resolve(text)).once('error', reject);
        },
      );
      sending.once('error', reject);
      sending.write('--B\r\nContent-Disposition: form-data; name="f"; filename="large"\r\n\r\n');
      let left = size;
      const more = (): void => {
        while (left > 0) {
          const chunk = randomBytes(65536);
          hash.update(chunk);
          left -= chunk.length;
          if (!sending.write(chunk)) {
            sending.once('drain', more);
            return;
          }
        }
        sending.end('\r\n--B--\r\n');
      };
      more();
    });
    expect(html).toContain(`<dd>${size.toLocaleString('en')} bytes</dd>`);
    expect(html).toContain(hash.digest('hex'));
  });

  test.each(['/app/stream.app', '/api/stream'])('%s comes in pieces', async (path) => {
    const answer = await get(path);
    const times: number[] = [];
    let text = '';
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      times.push(performance.now());
      text += Buffer.from(chunk).toString();
    }
    expect(text.match(/Line +\d+ of 18/g)).toHaveLength(18);
    // Collected, they would all come at the end; how many of them a busy client reads at once is its own affair.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(4000);
    expect(times.length).toBeGreaterThan(3);
  });

  test('who leaves a stream does no harm', async () => {
    const controller = new AbortController();
    const answer = await get('/api/stream', { signal: controller.signal });
    await answer.body?.getReader().read();
    controller.abort();
    expect((await get('/api/variables')).status).toBe(200);
  });

  test('requests are logged', async () => {
    await get('/style.css?logged');
    await expect
      .poll(demo.output, { timeout: 5000 })
      .toMatch(/^127\.0\.0\.1 localhost "GET \/style\.css\?logged HTTP\/1\.1" 200 \d+ \d+ ms$/m);
  });
});

test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('%s ends server and application', async (signal) => {
  const demo = await startDemo();
  expect((await fetch(demo.base)).status).toBe(200);
  expect(await demo.stop(signal)).toEqual({ exitCode: 0, leftFiles: [] });
  expect(await accepts(demo.port)).toBe(false);
});

describe('the configurations to start from', () => {
  const apacheLite = findApacheLite();
  const httpd = findHttpd();
  const cases = ['', 'vhosts', 'php-fpm', 'proxy', 'htaccess'].map((extra) => [
    'conf/httpd.conf',
    ...(extra === '' ? [] : ['-c', `Include conf/extra/${extra}.conf`]),
  ]);
  cases.push(['conf/demo/httpd.conf']);

  test.each(cases)('%s %s %s: Syntax OK', async (file, ...more) => {
    if ('missing' in apacheLite) throw new Error(apacheLite.missing);
    const options = ['-d', serverRootOf(file), '-f', root.pathname + file, ...more, '-t'];
    expect(await runToEnd(apacheLite, options)).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Syntax OK'),
    });
  });

  test.skipIf('missing' in httpd).each(cases)('%s %s %s: Syntax OK for httpd', async (file, ...more) => {
    if ('missing' in httpd) return;
    const modules = [
      'mpm_event',
      'authz_core',
      'authz_host',
      'mime',
      'dir',
      'alias',
      'autoindex',
      'headers',
      'setenvif',
      'log_config',
      'unixd',
      'slotmem_shm',
      'proxy',
      'proxy_fcgi',
      'proxy_http',
      'proxy_balancer',
      'lbmethod_byrequests',
    ];
    const load = modules
      .filter((name) => !httpd.builtIn.has(`mod_${name}.c`))
      .flatMap((name) => ['-C', `LoadModule ${name}_module "${httpd.modules}/mod_${name}.so"`]);
    const options = [...load, '-d', serverRootOf(file), '-f', root.pathname + file, ...more, '-t'];
    expect(await runToEnd(httpd, options)).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Syntax OK'),
    });
  });
});

/** The demo has a ServerRoot of its own. */
function serverRootOf(file: string): string {
  return new URL(file.includes('demo') ? 'conf/demo' : '.', root).pathname;
}

/** fetch sets Host itself. */
function getWithHost(port: number, path: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers: { host } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('end', () => resolve(text));
    });
    asking.once('error', reject).end();
  });
}

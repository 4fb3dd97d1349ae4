/** A site as PHP applications are set up: a virtual host, a front controller, php-fpm behind a unix socket. */
import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPhpFpm, makePhpPool, type PhpPool } from '../support/php-fpm.ts';
import { type AskOptions, ask, makeSite, type Reply, type Site } from '../support/with-server.ts';

const FILES = {
  'site/index.php': `<?php header('X-Front: yes');
    echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], ' ', $_SERVER['SCRIPT_NAME'], ' ', $_GET['p'] ?? '-';`,
  'site/style.css': 'body{}\n',
  'site/form.php':
    '<?php ksort($_POST); echo json_encode($_POST), " ", $_SERVER["CONTENT_LENGTH"] ?? "none";',
  'site/upload.php': `<?php $f = $_FILES['file'];
    echo $f['name'], ' ', $f['error'], ' ', filesize($f['tmp_name']), ' ', hash_file('sha256', $f['tmp_name']), ' ', $_POST['title'];`,
  'site/count.php': `<?php $in = fopen('php://input', 'r'); $n = 0; $h = hash_init('crc32b');
    while (!feof($in)) { $part = fread($in, 65536); $n += strlen($part); hash_update($h, $part); } echo $n, ' ', hash_final($h);`,
  'site/session.php':
    '<?php session_start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"];',
  'site/cookies.php':
    '<?php setcookie("a", "1"); setcookie("b", "2", ["httponly" => true]); echo json_encode($_COOKIE);',
  'site/redirect.php': '<?php header("Location: /elsewhere.php?x=1", true, 301);',
  'site/teapot.php':
    '<?php http_response_code(418); header("X-Multi: 1"); header("X-Multi: 2", false); echo "short";',
  'site/info.php': `<?php foreach (['PATH_INFO', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'DOCUMENT_ROOT', 'QUERY_STRING', 'SERVER_NAME',
    'SERVER_PORT', 'REMOTE_ADDR', 'SERVER_PROTOCOL', 'HTTP_X_CUSTOM', 'GATEWAY_INTERFACE', 'HTTPS'] as $k)
    echo $k, '=', $_SERVER[$k] ?? '(unset)', "\\n";`,
  'site/slow.php': '<?php echo "a"; usleep((int) $_GET["ms"] * 1000); echo "b";',
  'site/pid.php': '<?php usleep(30000); echo getmypid(), " ", $_GET["n"];',
  'site/fatal.php': '<?php undefined_function_here();',
  'site/notice.php': '<?php error_log("something odd"); echo "fine";',
  'site/big.php': '<?php for ($i = 0; $i < 1024; $i++) echo str_repeat("x", 65536);',
  'site/private/secret.php': '<?php echo "secret";',
};

const configuration = (site: Site, socket: string): string => `
Listen 127.0.0.1:${site.ports[1]}
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
<Directory />
  Require all denied
</Directory>
<FilesMatch "\\.php$">
  SetHandler "proxy:unix:${socket}|fcgi://localhost/"
</FilesMatch>
<Proxy "fcgi://localhost/" enablereuse=on max=10 retry=0>
</Proxy>
<Directory "${site.root}/site">
  Options FollowSymLinks
  AllowOverride None
  Require all granted
  DirectoryIndex index.php
  FallbackResource /index.php
</Directory>
<Directory "${site.root}/site/private">
  Require all denied
</Directory>
<VirtualHost *:${site.port}>
  ServerName blog.example
  DocumentRoot "${site.root}/site"
  CustomLog logs/access.log combined
</VirtualHost>
<VirtualHost *:${site.ports[1]}>
  ServerName impatient.example
  DocumentRoot "${site.root}/site"
  ProxyTimeout 1
  <FilesMatch "\\.php$">
    SetHandler "proxy:unix:${socket}|fcgi://impatient/"
  </FilesMatch>
</VirtualHost>
`;

describe.skipIf(findPhpFpm() === undefined)('a PHP site (skipped where php-fpm is not installed)', () => {
  let site: Site;
  let pool: PhpPool;
  beforeAll(async () => {
    site = await makeSite({ files: FILES });
    pool = makePhpPool(`${site.root}/run`, ['pm.max_children = 12', 'php_admin_value[post_max_size] = 0']);
    site.configure(configuration(site, pool.socket));
    await pool.start();
    await site.start();
  });
  afterAll(async () => {
    await site.dispose();
    await pool.stop();
  });
  const get = (target: string, options: AskOptions = {}): Promise<Reply> =>
    ask(site.port, target, { ...options, headers: { Host: 'blog.example', ...options.headers } });

  describe('requests', () => {
    it.each([
      ['/', 'GET / /index.php -'],
      ['/?p=12', 'GET /?p=12 /index.php 12'],
      ['/index.php?p=a%20b', 'GET /index.php?p=a%20b /index.php a b'],
      ['/2024/05/hello-world/?p=7', 'GET /2024/05/hello-world/?p=7 /index.php 7'],
    ])('%s reaches the front controller', async (target, body) => {
      expect(await get(target)).toMatchObject({
        status: 200,
        body,
        headers: {
          'x-front': 'yes',
          'content-type': 'text/html; charset=UTF-8',
          'transfer-encoding': 'chunked',
        },
      });
    });

    it('answers HEAD without a body', async () => {
      expect(await get('/', { method: 'HEAD' })).toMatchObject({
        status: 200,
        body: '',
        headers: { 'x-front': 'yes' },
      });
    });

    it('serves files beside the scripts itself', async () => {
      expect(await get('/style.css')).toMatchObject({
        status: 200,
        body: 'body{}\n',
        headers: { 'content-length': '7' },
      });
    });

    it('keeps denied directories closed', async () => {
      expect((await get('/private/secret.php')).status).toBe(403);
    });

    it('tells scripts where they are', async () => {
      const { body } = await get('/info.php/a/b%20c?x=1&y', { headers: { 'X-Custom': 'here' } });
      expect(body.split('\n')).toEqual([
        'PATH_INFO=/a/b c',
        'SCRIPT_NAME=/info.php',
        // Two slashes, as from httpd: the host of the URL is cut off its path.
        `SCRIPT_FILENAME=/${site.root}/site/info.php`,
        `DOCUMENT_ROOT=${site.root}/site`,
        'QUERY_STRING=x=1&y',
        'SERVER_NAME=blog.example',
        'SERVER_PORT=80',
        'REMOTE_ADDR=127.0.0.1',
        'SERVER_PROTOCOL=HTTP/1.1',
        'HTTP_X_CUSTOM=here',
        'GATEWAY_INTERFACE=CGI/1.1',
        'HTTPS=(unset)',
        '',
      ]);
    });

    it('passes forms on, with and without a length', async () => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const body = 'name=J%C3%B6rg&empty=&list=1';
      const parsed = '{"empty":"","list":"1","name":"J\\u00f6rg"}';
      expect((await get('/form.php', { method: 'POST', headers, body })).body).toBe(
        `${parsed} ${body.length}`,
      );
      const chunked = { ...headers, 'Transfer-Encoding': 'chunked' };
      expect(
        (await get('/form.php', { method: 'POST', headers: chunked, body: Readable.from([body]) })).body,
      ).toContain(parsed);
    });

    it('passes statuses, headers and redirects on', async () => {
      expect(await get('/teapot.php')).toMatchObject({
        status: 418,
        body: 'short',
        headers: { 'x-multi': '1, 2' },
      });
      expect(await get('/redirect.php')).toMatchObject({
        status: 301,
        body: '',
        headers: { location: '/elsewhere.php?x=1' },
      });
    });

    it('keeps cookies apart and sessions together', async () => {
      const first = await get('/cookies.php', { headers: { Cookie: 'x=1; y=2' } });
      expect(first.body).toBe('{"x":"1","y":"2"}');
      expect(first.headers['set-cookie']).toEqual(['a=1', 'b=2; HttpOnly']);
      const session = await get('/session.php');
      const [cookie = ''] = session.headers['set-cookie'] ?? [];
      const again = await get('/session.php', { headers: { Cookie: cookie.split(';')[0] ?? '' } });
      expect([session.body, again.body]).toEqual(['1', '2']);
    });

    it('answers for scripts that are not there in the words of FPM', async () => {
      // Through the front controller's FallbackResource only what no handler is set for comes.
      expect(await get('/missing.php')).toMatchObject({ status: 404, body: 'File not found.\n' });
      expect(site.errorLog).toMatch(/\[proxy_fcgi:error\].*AH01071: Got error 'Primary script unknown'/);
    });
  });

  it('logs in the combined format', async () => {
    await get('/?p=log', { headers: { Referer: 'http://a.example/', 'User-Agent': 'test "agent"' } });
    await site.until('the line', () => site.read('logs/access.log').includes('p=log'));
    expect(site.read('logs/access.log')).toMatch(
      /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/\?p=log HTTP\/1\.1" 200 \d{3} "http:\/\/a\.example\/" "test \\"agent\\""$/m,
    );
  });

  it('serves one connection after another request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const replies = [];
    for (const target of ['/', '/style.css', '/missing.php', '/teapot.php', '/?p=last'])
      replies.push(await get(target, { agent }));
    agent.destroy();
    expect(replies.map(({ status, isReused }) => [status, isReused])).toEqual([
      [200, false],
      [200, true],
      [404, true],
      [418, true],
      [200, true],
    ]);
  });

  it('shares ten connections among many more requests', async () => {
    const numbers = Array.from({ length: 60 }, (_, index) => index);
    const replies = await Promise.all(numbers.map((n) => get(`/pid.php?n=${n}`)));
    expect(replies.map(({ body }) => Number(body.split(' ')[1]))).toEqual(numbers);
    expect(new Set(replies.map(({ body }) => body.split(' ')[0])).size).toBeLessThanOrEqual(10);
  });

  it('streams an upload of 20 MB', async () => {
    const file = Buffer.alloc(20_000_000, 'some bytes to upload ');
    const head =
      '--xx\r\nContent-Disposition: form-data; name="title"\r\n\r\nHoliday\r\n--xx\r\nContent-Disposition: form-data; name="file"; filename="a b.bin"\r\nContent-Type: application/octet-stream\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--xx--\r\n')]);
    const headers = { 'Content-Type': 'multipart/form-data; boundary=xx' };
    const reply = await get('/upload.php', { method: 'POST', headers, body });
    const digest = createHash('sha256').update(file).digest('hex');
    expect(reply.body).toBe(`a b.bin 0 20000000 ${digest} Holiday`);
  });

  it('keeps its memory whatever passes through', async () => {
    const piece = Buffer.alloc(65536, 'y');
    const pieces = 3200;
    const stream = (): Readable => Readable.from(Array.from({ length: pieces }, () => piece));
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(pieces * piece.length),
    };
    const before = site.memory('peak');
    const up = await get('/count.php', { method: 'POST', headers, body: stream() });
    expect(up.body).toMatch(/^209715200 /);
    const down = await get('/big.php');
    expect(down.body.length).toBe(64 * 1024 * 1024);
    expect(site.memory('peak') - before).toBeLessThan(80);
  }, 30_000);

  it('logs what PHP complains about', async () => {
    expect((await get('/fatal.php')).status).toBe(500);
    expect(await get('/notice.php')).toMatchObject({ status: 200, body: 'fine' });
    await site.until('the lines', () => site.errorLog.includes('something odd'));
    expect(site.errorLog).toMatch(
      /\[proxy_fcgi:error\] \[pid \d+:tid \d+\] \[client 127\.0\.0\.1:\d+\] AH01071: Got error 'PHP message: PHP Fatal error: {2}Uncaught Error: Call to undefined function undefined_function_here\(\) in .*fatal\.php:1/,
    );
    expect(site.errorLog).toContain("AH01071: Got error 'PHP message: something odd'");
  });

  it('gives a slow script the time of ProxyTimeout', async () => {
    expect((await get('/slow.php?ms=1500')).body).toBe('ab');
    const started = performance.now();
    const reply = await ask(site.ports[1] ?? 0, '/slow.php?ms=2500', {
      headers: { Host: 'impatient.example' },
    });
    expect(reply.status).toBe(504);
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(site.errorLog).toMatch(
      /\(70007\)The timeout specified has expired: \[client .*\] AH01075: Error dispatching request to : \(polling\)/,
    );
  });

  it('says that FPM is gone, and serves again when it is back', async () => {
    await pool.stop();
    const gone = await get('/');
    expect(gone.status).toBe(503);
    expect(gone.body).toContain('Service Unavailable');
    expect((await get('/style.css')).status).toBe(200);
    expect(site.errorLog).toMatch(
      /\(2\)No such file or directory: AH02454: FCGI: attempt to connect to Unix domain socket .*php\.sock \(localhost:8000\) failed/,
    );
    expect(site.errorLog).toContain('AH01079: failed to make connection to backend: localhost');
    await pool.start();
    expect(await get('/?p=back')).toMatchObject({ status: 200, body: 'GET /?p=back /index.php back' });
  });

  it('leaves nothing open', async () => {
    await pool.stop();
    await site.until('the close of all connections', () => site.sockets <= 4);
    expect(await site.stop()).toBe(0);
    expect(site.read('output.log')).toBe('');
    expect(site.errorLog).not.toMatch(/AL0[15]0\d/);
  });
});

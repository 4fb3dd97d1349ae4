/** Authentication that no recorded answer can show: nonces and encrypted sessions are the server's own. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Reply, type Site, startSite } from '../support/with-server.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const sha = (text: string): string => `{SHA}${createHash('sha1').update(text).digest('base64')}`;

const digest = (path: string, more = ''): string =>
  `<Location "${path}">\nAuthType Digest\nAuthName r\nAuthUserFile conf/digests\n${more}\nRequire valid-user\n</Location>\n`;

let site: Site;
beforeAll(async () => {
  site = await startSite({
    configuration: ({ root }) => `LogLevel trace8
${digest('/plain')}${digest('/counted', 'AuthDigestNcCheck On')}${digest('/once', 'AuthDigestNonceLifetime 0')}
${digest('/short', 'AuthDigestNonceLifetime 3')}
<Location "/form">
AuthType form
AuthName r
AuthUserFile conf/users
Session On
SessionMaxAge 60
SessionCookieName s path=/
SessionCryptoPassphrase "a secret"
Require valid-user
</Location>
<Location "/out">
Session On
SessionCookieName s path=/
SessionCryptoPassphrase "a secret"
AuthName r
SetHandler form-logout-handler
</Location>
<Location "/basic">
AuthType Basic
AuthName r
AuthUserFile conf/users
Require valid-user
</Location>
AliasMatch ^/[a-z]+$ ${root}/htdocs/page.html
`,
    files: {
      'htdocs/page.html': 'page\n',
      'conf/digests': `m:r:${md5('m:r:pass')}\n`,
      'conf/users': `m:${sha('pass')}\n`,
    },
  });
});
afterAll(() => site.dispose());

interface Challenge {
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly isStale: boolean;
}

function challengeOf(field: string | string[] | undefined): Challenge {
  const text = String(field);
  const nonce = /nonce="([^"]+)"/.exec(text)?.[1] ?? '';
  return { nonce, opaque: /opaque="([^"]+)"/.exec(text)?.[1], isStale: text.includes('stale=true') };
}

async function challenged(path: string): Promise<Challenge> {
  const { status, headers } = await ask(site.port, path);
  expect(status).toBe(401);
  return challengeOf(headers['www-authenticate']);
}

const ha1 = md5('m:r:pass');
function answer(path: string, { nonce, opaque }: Challenge, count = 1, password = 'pass'): string {
  const nc = count.toString(16).padStart(8, '0');
  const secret = password === 'pass' ? ha1 : md5(`m:r:${password}`);
  const response = md5(`${secret}:${nonce}:${nc}:c:auth:${md5(`GET:${path}`)}`);
  const end = opaque === undefined ? '' : `, opaque="${opaque}"`;
  return `Digest username="m", realm="r", nonce="${nonce}", uri="${path}", qop=auth, nc=${nc}, cnonce="c", response="${response}"${end}`;
}

async function send(path: string, field: string): ReturnType<typeof ask> {
  return ask(site.port, path, { headers: { Authorization: field } });
}

describe('Digest', () => {
  it('lets in who knows the password, and proves that it knows it too', async () => {
    const challenge = await challenged('/plain');
    const { status, headers } = await send('/plain', answer('/plain', challenge));
    expect(status).toBe(200);
    const proof = md5(`${ha1}:${challenge.nonce}:00000001:c:auth:${md5(':/plain')}`);
    expect(headers['authentication-info']).toBe(`rspauth="${proof}", cnonce="c", nc=00000001, qop=auth`);
    expect((await send('/plain', answer('/plain', challenge, 1, 'wrong'))).status).toBe(401);
    // Counts are not looked at here.
    expect((await send('/plain', answer('/plain', challenge))).status).toBe(200);
  });

  it('AuthDigestNcCheck: a count is used once, and a wrong password uses up none', async () => {
    const challenge = await challenged('/counted');
    expect(challenge.opaque).toMatch(/^[0-9a-f]+$/);
    const statuses: number[] = [];
    for (const [count, password] of [
      [1, 'pass'],
      [1, 'pass'],
      [5, 'pass'],
      [3, 'pass'],
      [6, 'wrong'],
      [6, 'pass'],
    ] as const)
      statuses.push((await send('/counted', answer('/counted', challenge, count, password))).status);
    expect(statuses).toEqual([200, 401, 200, 401, 401, 200]);
    expect(site.errorLog).toContain('AH01774');
    // With another client's opaque the nonce is none of ours.
    const other = await challenged('/counted');
    const { status, headers } = await send(
      '/counted',
      answer('/counted', { ...other, opaque: challenge.opaque }),
    );
    expect([status, challengeOf(headers['www-authenticate']).isStale]).toEqual([401, true]);
  });

  it('AuthDigestNonceLifetime 0: each nonce serves once, and the next one comes along', async () => {
    const challenge = await challenged('/once');
    const { status, headers } = await send('/once', answer('/once', challenge));
    expect(status).toBe(200);
    const next = /nextnonce="([^"]+)"/.exec(String(headers['authentication-info']))?.[1] ?? '';
    const again = await send('/once', answer('/once', challenge));
    expect([again.status, challengeOf(again.headers['www-authenticate']).isStale]).toEqual([401, true]);
    expect((await send('/once', answer('/once', { ...challenge, nonce: next }))).status).toBe(200);
  });

  it('a nonce that has grown old is stale', async () => {
    const challenge = await challenged('/short');
    expect((await send('/short', answer('/short', challenge))).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 3200));
    const { status, headers } = await send('/short', answer('/short', challenge));
    expect([status, challengeOf(headers['www-authenticate']).isStale]).toEqual([401, true]);
    expect(site.errorLog).toContain('AH01778');
  });
});

describe('form and session', () => {
  it('a login is remembered in an encrypted cookie, until the logout', async () => {
    expect((await ask(site.port, '/form')).status).toBe(401);
    const login = await ask(site.port, '/form', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'httpd_username=m&httpd_password=pass',
    });
    expect(login.status).toBe(200);
    const cookie = /^s=[^;]+/.exec(String(login.headers['set-cookie']))?.[0] ?? '';
    expect(cookie).toMatch(/^s=[A-Za-z0-9+/]{60,}=*$/);
    const remembered = await ask(site.port, '/form', { headers: { Cookie: cookie } });
    expect(remembered.status).toBe(200);
    const forged = `s=${cookie[2] === 'X' ? 'Y' : 'X'}${cookie.slice(3)}`;
    expect((await ask(site.port, '/form', { headers: { Cookie: forged } })).status).toBe(401);
    const out = await ask(site.port, '/out', { headers: { Cookie: cookie } });
    expect(String(out.headers['set-cookie'])).not.toContain(cookie);
    const left = /^s=[^;]+/.exec(String(out.headers['set-cookie']))?.[0] ?? 's=';
    expect((await ask(site.port, '/form', { headers: { Cookie: left } })).status).toBe(401);
  });
});

describe('a login form', () => {
  const login = (fields: string): Promise<Reply> =>
    ask(site.port, '/form', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `httpd_username=m&httpd_body=x&${fields}`,
    });

  it.each(['httpd_method=G%20T&httpd_mimetype=a/b', 'httpd_method=PUT&httpd_mimetype=a%0D%0AX:%20y'])(
    'whose method or type could not stand in a head is a 400: %s',
    async (fields) => {
      expect((await login(`httpd_password=pass&${fields}`)).status).toBe(400);
    },
  );

  it('tells the log no password', async () => {
    expect((await login('httpd_password=open-sesame')).status).toBe(401);
    expect((await login('httpd_password=open-sesame&httpd_method=G%20T&httpd_mimetype=a/b')).status).toBe(
      400,
    );
    expect(site.errorLog).toContain('auth_form:');
    expect(site.errorLog).not.toContain('sesame');
  });
});

describe('hostile credentials', () => {
  it('are refused, and nothing else happens', async () => {
    const long = 'A'.repeat(6000);
    const fields = [
      `Basic ${long}`,
      `Basic ${Buffer.from('m\r\nX: y:pass').toString('base64')}`,
      `Basic ${Buffer.from('m\0:pass').toString('base64')}`,
      `Digest ${'a="\\'.repeat(1500)}`,
      `Digest ${','.repeat(6000)}`,
      `Digest username="${long}"`,
      `Digest username="m", realm="r", nonce="${'A'.repeat(11)}=${'0'.repeat(40)}", uri="/plain", qop=auth, nc=${'f'.repeat(5000)}, cnonce="c", response="x"`,
    ];
    for (const field of fields) {
      for (const path of ['/basic', '/plain']) expect((await send(path, field)).status).toBe(401);
    }
    for (const cookie of [`s=${long}`, 's=====', `s=%${'&'.repeat(4000)}`, 's=1;'.repeat(1500)])
      expect((await ask(site.port, '/form', { headers: { Cookie: cookie } })).status).toBe(401);
    expect((await ask(site.port, '/plain')).status).toBe(401);
  });
});

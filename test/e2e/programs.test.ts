/** Programs that answer, and pages within pages: what becomes of processes, of errors of the system, of pieces larger than a filter takes. */
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Site, startSite } from '../support/with-server.ts';

const LARGE = 'content '.repeat(60_000);
/** More than the system takes as one string of an environment. */
const TOO_LONG = 140_000;

const script = (body: string): string => `#!/bin/sh\n${body}\n`;

let site: Site;
beforeAll(async () => {
  site = await startSite({
    configuration: (site) => `
      ScriptAlias /cgi/ ${site.root}/cgi/
      LimitRequestLine 200000
      <Directory ${site.root}/cgi>
        CGIDScriptTimeout 400ms
      </Directory>
      <Directory ${site.root}/htdocs/list>
        Options +Indexes
        HeaderName header.html
        SetEnvIf Request_URI . force-gzip
        SetOutputFilter DEFLATE
      </Directory>
      AddType text/html .shtml .html
      <Files *.shtml>
        Options +Includes
        SetOutputFilter INCLUDES
      </Files>`,
    files: {
      'cgi/redirects': script(
        `printf 'Location: /index.html\\n\\n'; echo $$ > ${'$'}{0%/*}/../run/redirects; exec sleep 60`,
      ),
      'cgi/closes': script(
        `printf 'Content-Type: text/plain\\n\\nhello\\n'; echo $$ > ${'$'}{0%/*}/../run/closes; exec sleep 60 >&- 2>&-`,
      ),
      'cgi/env': script(`printf 'Content-Type: text/plain\\n\\n'; echo "$QUERY_STRING"`),
      'htdocs/index.html': 'hello\n',
      'htdocs/list/header.html': LARGE,
      'htdocs/list/one.txt': 'one\n',
      'htdocs/stderr.shtml': `<!--#exec cmd="head -c 20000 /dev/zero | tr '\\0' x >&2; echo said" -->`,
      'htdocs/env.shtml': `[<!--#exec cmd="echo said" -->]`,
    },
  });
  for (const name of ['redirects', 'closes', 'env']) chmodSync(path.join(site.root, 'cgi', name), 0o755);
  chmodSync(path.join(site.root, 'run'), 0o777);
});
afterAll(() => site.dispose());

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a script that has been answered for', () => {
  it.each([
    ['redirects', 'hello\n'],
    ['closes', 'hello\n'],
  ])('%s is ended when it goes on for longer than its time', async (name, answer) => {
    const reply = await ask(site.port, `/cgi/${name}`);
    expect([reply.status, reply.body]).toEqual([200, answer]);
    const file = path.join(site.root, 'run', name);
    await site.until('the number of the process', () => existsSync(file) && site.read(`run/${name}`) !== '');
    const pid = Number(site.read(`run/${name}`));
    expect(pid).toBeGreaterThan(1);
    await site.until('the end of the process', () => !isRunning(pid));
  });
});

describe('an environment that the system refuses', () => {
  it('is an error of the script', async () => {
    const reply = await ask(site.port, `/cgi/env?${'q'.repeat(TOO_LONG)}`);
    expect(reply.status).toBe(500);
    expect(site.errorLog).toMatch(
      /cgid:error\].*\(7\)Argument list too long: AH01241: exec of '.*\/cgi\/env' failed/,
    );
    expect(site.errorLog).not.toContain(':crit]');
  });
  it('is an error in the page', async () => {
    const reply = await ask(site.port, `/env.shtml?${'q'.repeat(TOO_LONG)}`);
    expect([reply.status, reply.body]).toEqual([
      200,
      '[[an error occurred while processing this directive]]',
    ]);
    expect(site.errorLog).toContain('AH01229: execution failure for parameter "cmd" to tag exec in file');
  });
});

it('A long line that a command says on stderr is logged in pieces', async () => {
  const reply = await ask(site.port, '/stderr.shtml');
  expect(reply.body).toBe('said\n');
  await site.until('the end of the line', () => (site.errorLog.match(/x/g) ?? []).length >= 19_000);
});

it('A header page larger than the compressor takes at once does not hold up the listing', async () => {
  const reply = await ask(site.port, '/list/');
  expect(reply.headers['content-encoding']).toBe('gzip');
  const text = gunzipSync(Buffer.from(reply.body, 'latin1')).toString('latin1');
  expect(text).toContain(LARGE);
  expect(text).toContain('one.txt');
});

/** What is published, installed as a user would install it, and used from there. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, startSite } from '../support/with-server.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], cwd: string, timeout = 20_000): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd, timeout, encoding: 'utf8', maxBuffer: 1 << 24 },
      (error, stdout, stderr) => {
        resolve({
          code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
          stdout,
          stderr,
        });
      },
    );
  });
}

/** Failures of the network, not of the package. */
const UNREACHABLE = /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/;

describe('the package', () => {
  let folder: string;
  let files: string[] = [];
  /** Why it could not be installed on this machine; undefined when it is. */
  let reason: string | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'apache-lite-package-'));
    // The build stands already; building again would change it under the tests that run beside this one.
    const packed = await run(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      project,
      60_000,
    );
    expect(packed.code, packed.stderr).toBe(0);
    const [report] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
    files = report.files.map((file) => file.path);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    writeFileSync(path.join(folder, 'package.json'), '{ "name": "user", "private": true }\n');
    const options = [
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--omit=dev',
      '--fetch-retries=0',
      '--fetch-timeout=20000',
    ];
    const installed = await run('npm', ['install', ...options, `./${tarball}`], folder, 90_000);
    if (installed.code === 0) return;
    if (process.env.CI !== undefined || !UNREACHABLE.test(installed.stderr))
      throw new Error(installed.stderr);
    reason = `the registry cannot be reached: ${installed.stderr.slice(0, 300)}`;
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the command, the library, its types and configurations; neither tests nor sources', () => {
    for (const name of [
      'dist/bin/apache-lite.js',
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'conf/httpd.conf',
      'README.md',
      'LICENSE',
    ])
      expect(files).toContain(name);
    expect(files.filter((name) => /^(test|fixtures|src|grammar)\/|(?<!\.d)\.ts$/.test(name))).toEqual([]);
  });

  it('installs without scripts and with few dependencies', ({ skip }) => {
    if (reason !== undefined) skip(reason);
    const modules = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(modules).toContain('apache-lite');
    expect(modules.length).toBeLessThan(20);
  });

  it('brings the command', async ({ skip }) => {
    if (reason !== undefined) skip(reason);
    expect(await run('npx', ['--no-install', 'apache-lite', '-v'], folder)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Server version: Apache\/2\.4\.71 \(apache-lite\)\nServer built: /),
    });
    expect(await run('npx', ['--no-install', 'apache-lite', '-t'], folder)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Syntax OK'),
    });
  });

  it('serves', async ({ skip }) => {
    if (reason !== undefined) skip(reason);
    const command = path.join(folder, 'node_modules/.bin/apache-lite');
    expect(existsSync(command)).toBe(true);
    const site = await startSite({ command, files: { 'htdocs/index.html': 'from the package\n' } });
    try {
      expect(await ask(site.port, '/')).toMatchObject({ status: 200, body: 'from the package\n' });
      expect(await site.stop()).toBe(0);
    } finally {
      await site.dispose();
    }
  });

  it('is a library', async ({ skip }) => {
    if (reason !== undefined) skip(reason);
    const script = 'import("apache-lite").then((library) => console.log(Object.keys(library).sort().join()))';
    const { stdout, stderr } = await run(process.execPath, ['-e', script], folder);
    expect(stderr).toBe('');
    expect(stdout.trim().split(',')).toEqual(
      expect.arrayContaining(['checkConfiguration', 'createFcgiServer', 'createHttpd']),
    );
  });
});

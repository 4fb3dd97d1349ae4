/**
 * Cases of fixtures/conf/merge: a configuration, files beside it, requests, and what is in force for each of them.
 *
 *     # What it shows
 *     # show: env A B, status, header Content-Type, core.options, server alias.aliases
 *     <Directory "${SITE}/a">
 *     ...
 *     ---------- file a/.htaccess
 *     ...
 *     ---------- GET http://host/a/f.txt
 *     A = 1
 *
 * `env`, `status`, `header`, `body` are seen on the wire, and so can be asked of httpd too; `module.field` is the module's merged
 * configuration for the request, `server module.field` that of its server. The files that requests name are made when they are missing.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FIXTURES } from './reading.ts';

const MARK = /^-{10} (.*)\n/m;

export interface MergeRequest {
  readonly heading: string;
  readonly host: string;
  readonly path: string;
  readonly expected: string;
}

export interface MergeCase {
  readonly name: string;
  readonly file: string;
  readonly shown: readonly Shown[];
  readonly configuration: string;
  readonly files: ReadonlyMap<string, string>;
  readonly requests: readonly MergeRequest[];
}

/** Something to show of a request. */
export type Shown =
  | { readonly kind: 'env' | 'header'; readonly name: string }
  | { readonly kind: 'status' | 'body' }
  | { readonly kind: 'dir' | 'server'; readonly module: string; readonly field: string };

export const isOnWire = (one: Shown): boolean => one.kind !== 'dir' && one.kind !== 'server';

function parseShown(text: string): Shown[] {
  return text.split(',').flatMap((item): Shown[] => {
    const [first = '', ...names] = item.trim().split(' ');
    if (first === 'env' || first === 'header') return names.map((name) => ({ kind: first, name }));
    if (first === 'status' || first === 'body') return [{ kind: first }];
    const [module = '', field = ''] = (first === 'server' ? (names[0] ?? '') : first).split('.');
    return [{ kind: first === 'server' ? 'server' : 'dir', module, field }];
  });
}

export function mergeCases(): MergeCase[] {
  const folder = path.join(FIXTURES, 'merge');
  return readdirSync(folder)
    .sort()
    .map((name) => parseCase(name, path.join(folder, name)));
}

function parseCase(name: string, file: string): MergeCase {
  const [configuration = '', ...blocks] = readFileSync(file, 'latin1').split(MARK);
  const shown = parseShown(/^# show: (.*)$/m.exec(configuration)?.[1] ?? '');
  const files = new Map<string, string>();
  const requests: MergeRequest[] = [];
  for (let i = 0; i < blocks.length; i += 2) {
    const [heading = '', text = ''] = blocks.slice(i, i + 2);
    if (heading.startsWith('file ')) files.set(heading.slice(5), text);
    else {
      const url = new URL(heading.replace(/^GET /, ''), 'http://localhost');
      requests.push({ heading, host: url.host, path: url.pathname, expected: text });
    }
  }
  return { name, file, shown, configuration, files, requests };
}

/** Puts a case's files in place of those of the case before it. */
export function writeSite(site: string, { files, requests }: MergeCase): void {
  rmSync(site, { recursive: true, force: true });
  mkdirSync(site);
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(site, name)), { recursive: true });
    writeFileSync(path.join(site, name), text, 'latin1');
  };
  for (const [name, text] of files) write(name, text);
  for (const { path: url } of requests) {
    if (url.endsWith('/')) mkdirSync(path.join(site, url), { recursive: true });
    else if (!url.includes('missing') && !existsSync(path.join(site, url))) write(url, `${url}\n`);
  }
}

/** The configuration for a server: what both need, the case's own lines, and fields that show the environment. */
export function frame(one: MergeCase, site: string, port: number, more: readonly string[]): string {
  const names = one.shown.flatMap((item) => (item.kind === 'env' ? [item.name] : []));
  return [
    ...more,
    `ServerRoot "${path.dirname(site)}"`,
    `Listen 127.0.0.1:${port}`,
    'ServerName localhost',
    `DocumentRoot "${site}"`,
    `Define SITE "${site}"`,
    `Define PORT ${port}`,
    'PidFile httpd.pid',
    'ErrorLog error.log',
    'TypesConfig mime.types',
    ...names.map((name) => `Header always set X-Env-${name} "expr=%{reqenv:${name}}"`),
    one.configuration,
  ].join('\n');
}

/** With UPDATE_CASES=1 what came out becomes what is expected. */
export function updateCase(one: MergeCase, outcomes: ReadonlyMap<MergeRequest, string>): void {
  const files = [...one.files].map(([name, text]) => `---------- file ${name}\n${text}`);
  const requests = one.requests.map(
    (request) => `---------- ${request.heading}\n${outcomes.get(request) ?? ''}`,
  );
  writeFileSync(one.file, [one.configuration, ...files, ...requests].join(''), 'latin1');
}

/** Case files of fixtures/conf: a configuration, a line of dashes, what must come of it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnyRow } from '../../src/config/directive.ts';
import {
  coreReadRows,
  type ModuleName,
  macroRows,
  type ReadEntry,
  type ReadOptions,
  type ReadResult,
  readConfiguration,
  soRows,
  versionRows,
} from '../../src/config/read/index.ts';
import type { ConfigNode } from '../../src/config/tree.ts';
import { httpdLines } from '../../src/diagnostics/render.ts';
import { problemLine } from '../support/problem-line.ts';

export const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/conf');
/** ServerRoot of all cases. */
export const ROOT = path.join(FIXTURES, 'files');
const SEPARATOR = '----------\n';

export interface Case {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly expected: string;
}

export function casesIn(folder: string): Case[] {
  const directory = path.join(FIXTURES, folder);
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const file = path.join(directory, name);
      const [text = '', expected = ''] = readFileSync(file, 'latin1').split(SEPARATOR);
      return { name, file, text, expected };
    });
}

/** With UPDATE_CASES=1 in the environment what came out becomes what is expected. */
export const UPDATE = process.env.UPDATE_CASES === '1';
export function update(one: Case, expected: string): void {
  writeFileSync(one.file, one.text + SEPARATOR + expected, 'latin1');
}

const module = (name: string, file: string): ModuleName => ({ name, file });
const core = module('core_module', 'core.c');
const so = module('so_module', 'mod_so.c');
const http = module('http_module', 'http_core.c');
const version = module('version_module', 'mod_version.c');
const macro = module('macro_module', 'mod_macro.c');
const alias = module('alias_module', 'mod_alias.c');
const event = module('mpm_event_module', 'event.c');

/** A directive that only has to be there. */
const present = (name: string): AnyRow<unknown, unknown> => ({
  name,
  shape: 'RAW_ARGS',
  where: 255,
  usage: '',
  apply: () => undefined,
});

const ROWS: readonly (readonly [ModuleName, readonly AnyRow<unknown, unknown>[]])[] = [
  [core, [...coreReadRows, present('<VirtualHost'), present('<Directory')]],
  [so, soRows],
  [version, versionRows],
  [macro, macroRows],
  [alias, [present('Alias')]],
];
const entries = new Map<string, ReadEntry>(
  ROWS.flatMap(([owner, rows]) =>
    rows.map((row) => [row.name.toLowerCase(), { row, module: owner }] as const),
  ),
);

export function readText(text: string, options: Partial<ReadOptions> = {}): ReadResult {
  return readConfiguration({
    entry: { name: 'case.conf', text },
    serverRoot: ROOT,
    lookup: (key) => entries.get(key),
    builtIn: [core, so, http, version, macro, alias, event],
    staticModules: ['core_module', 'so_module', 'http_module', 'version_module', 'mpm_event_module'],
    environment: { FROM_ENVIRONMENT: 'environment value' },
    ...options,
  });
}

const relative = (text: string): string => text.replaceAll(ROOT, '$ROOT');

/** The tree, a line a node: name, arguments, and the place of both. */
export function treeText(nodes: readonly ConfigNode[], indent = ''): string {
  return nodes
    .map((node) => {
      const name = node.children === undefined ? node.name : `<${node.name}`;
      const inner = treeText(node.children ?? [], `${indent}  `);
      return `${indent}${name} ${JSON.stringify(node.args)} ${relative(node.span.source.name)}:${node.span.start}-${node.argsSpan.end}\n${inner}`;
    })
    .join('');
}

/** All problems: the first error as httpd words it, then each in a line. */
export function problemsText({ problems }: ReadResult): string {
  const [first] = problems.errors;
  const lines = first === undefined ? [] : [...httpdLines(first), ''];
  return relative([...lines, ...problems.list.map(problemLine)].map((line) => `${line}\n`).join(''));
}

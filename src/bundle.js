// The last step of `npm run build`: the command as one file. Loading a hundred modules takes Node.js longer than all that the command does
// before its first answer. Plain JavaScript, as it runs before anything is compiled by others.
import { readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const { metafile } = await build({
  entryPoints: { 'apache-lite': path('./cli/main.ts') },
  outdir: path('../dist/bin'),
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Loaded from their packages: one by its own bundle, another where no TypesConfig file exists, the last by lint alone.
  external: ['chevrotain', 'mime-types', 'scslre'],
  // CommonJS dependencies ask for Node's own modules.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
  metafile: true,
});

// Pieces of former builds.
const made = new Set(Object.keys(metafile.outputs).map((name) => basename(name)));
const folder = path('../dist/bin/');
for (const name of readdirSync(folder)) {
  if (name.startsWith('chunk-') && !made.has(name)) rmSync(folder + name);
}

// Part of `npm run lint`: imports go one way. grammar <- config <- core <- modules <- server <- cli; the leaves know nothing of a server.
// Plain JavaScript, as Node.js 20 does not run TypeScript.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each part may import besides itself. */
const MAY_IMPORT = {
  grammar: [],
  'src/diagnostics': [],
  'src/lib': [],
  'src/http': ['src/lib'],
  'src/fcgi': [],
  'src/cgi': [],
  'src/backend': ['src/lib'],
  'src/expr': ['grammar', 'src/lib'],
  'src/config': ['grammar', 'src/diagnostics', 'src/lib'],
};
const LEAVES = Object.keys(MAY_IMPORT);
MAY_IMPORT['src/core'] = LEAVES;
MAY_IMPORT['src/modules'] = [...LEAVES, 'src/core'];
MAY_IMPORT['src/server'] = [...LEAVES, 'src/core', 'src/modules'];
MAY_IMPORT['src/lint'] = [...LEAVES, 'src/core', 'src/modules'];
MAY_IMPORT['src/demo'] = [...LEAVES, 'src/core', 'src/modules', 'src/server'];
MAY_IMPORT['src/index.ts'] = [...LEAVES, 'src/core', 'src/modules', 'src/server', 'src/lint'];
MAY_IMPORT['src/cli'] = [
  ...LEAVES,
  'src/core',
  'src/modules',
  'src/server',
  'src/index.ts',
  'src/demo',
  'src/lint',
];

/** The part a file belongs to. */
const partOf = (file) => Object.keys(MAY_IMPORT).find((part) => file === part || file.startsWith(`${part}/`));

/** One module of httpd: a file or a folder below a group in src/modules. */
const moduleOf = (file) => /^src\/modules\/[^/]+\/([^/.]+)/.exec(file)?.[1];

function* sources(folder) {
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* sources(name);
    else if (entry.name.endsWith('.ts')) yield name;
  }
}

const complaints = [];
for (const folder of ['grammar', 'src']) {
  for (const file of sources(folder)) {
    const text = readFileSync(path.join(root, file), 'utf8');
    for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const imported = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
      const from = partOf(file);
      const to = partOf(imported);
      if (from !== to && !(MAY_IMPORT[from] ?? []).includes(to))
        complaints.push(`${file}: may not import ${imported}`);
      const [mine, theirs] = [moduleOf(file), moduleOf(imported)];
      const isModule = mine !== undefined && theirs?.startsWith('mod_') === true && mine.startsWith('mod_');
      if (isModule && mine !== theirs) complaints.push(`${file}: reaches into another module, ${imported}`);
    }
  }
}
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);

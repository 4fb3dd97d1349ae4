/** Directives that no module in force has: whose they are decides what is said of them. */
import { distance } from 'fastest-levenshtein';
import { knownDirectives } from '../config/known-directives.ts';
import type { ConfigNode } from '../config/tree.ts';
import type { Problems } from '../diagnostics/problem.ts';
import { modules } from '../modules/index.ts';

const builtInFiles: ReadonlySet<string> = new Set(modules.map(({ file }) => file.replace(/\.c$/, '')));
/** In httpd's manual, but in no build of it for Unix. */
const ELSEWHERE_ONLY: ReadonlySet<string> = new Set([
  'mpm_netware',
  'mpm_winnt',
  'mod_isapi',
  'mod_nw_ssl',
  'mod_privileges',
  'mod_example_hooks',
]);
/** A name so near to one of httpd's is a misspelling rather than another module's. */
const MISSPELLED = 2;
const SHORTEST = 8;

export class UnknownDirectives {
  readonly #problems: Problems;
  readonly #hasForeignModules: boolean;
  /** Modules in force where that is known; undefined: all of httpd's. */
  readonly #inForce: ReadonlySet<string> | undefined;
  readonly #told = new Set<string>();

  constructor(problems: Problems, hasForeignModules: boolean, inForce: ReadonlySet<string> | undefined) {
    this.#problems = problems;
    this.#hasForeignModules = hasForeignModules;
    this.#inForce = inForce;
  }

  /** As `ApplyRun.takeUnknown`. */
  take(node: ConfigNode): 'skip' | 'inside' | undefined {
    const known = knownDirectives().get(node.key);
    if (known !== undefined) {
      if (!this.#isLacking(known.module)) return undefined;
      const message = `${shown(node)} is a directive of ${known.module}, which apache-lite does not have: it is not checked`;
      this.#tell(node, 'AL1002', 'warning', message);
      return 'inside';
    }
    if (!this.#hasForeignModules) return undefined;
    const near = nearest(node.key);
    const message = `${shown(node)} is no directive of httpd: it is taken for one of the modules loaded here that are not httpd's own`;
    if (near === undefined) this.#tell(node, 'AL1001', 'note', message);
    else this.#tell(node, 'AL1001', 'warning', message, `did you mean ${near}?`);
    return 'skip';
  }

  /** Whether httpd would have the directive where this program does not. */
  #isLacking(module: string): boolean {
    if (builtInFiles.has(module) || ELSEWHERE_ONLY.has(module) || !module.startsWith('mod_')) return false;
    return this.#inForce?.has(`${module.slice('mod_'.length)}_module`) ?? true;
  }

  /** Once for each name. */
  #tell(node: ConfigNode, code: string, severity: 'warning' | 'note', message: string, hint?: string): void {
    if (this.#told.has(node.key)) return;
    this.#told.add(node.key);
    this.#problems.add({ code, severity, message, span: node.span, hint });
  }
}

function shown({ name, children }: ConfigNode): string {
  return children === undefined ? name : `<${name}>`;
}

function nearest(key: string): string | undefined {
  if (key.length < SHORTEST || key.length > 64) return undefined;
  for (const [candidate, { name }] of knownDirectives()) {
    if (Math.abs(candidate.length - key.length) <= MISSPELLED && distance(candidate, key) <= MISSPELLED)
      return name;
  }
  return undefined;
}

/**
 * Whether all files of a directory fare alike: what a listing need not ask of each of them. A sub-request says what a file's own name comes to; where no
 * section and no hook looks at names it says the same for the file beside it.
 */
import { coreDir, coreServer, type Section } from './core-config.ts';
import type { Hook, PhaseTable } from './hooks.ts';
import type { Request } from './request.ts';

type Rule = (r: Request) => boolean;
const rules = new WeakMap<Hook, Rule>();
const always: Rule = () => true;
const typing = new WeakSet<Hook>();

/**
 * Declares that a hook of a phase behind the mapping of names (map-to-storage, type-checker, fixups) answers the same for all regular files of the
 * directory that is listed by `r`, or when it does. Hooks of which nothing is declared are taken to look at names.
 */
export function alikeForFiles<H extends Hook>(hook: H, rule: Rule = always): H {
  rules.set(hook, rule);
  return hook;
}

const PHASES: readonly (keyof PhaseTable & ('mapToStorage' | 'typeChecker' | 'fixups'))[] = [
  'mapToStorage',
  'typeChecker',
  'fixups',
];

/** Declares that a hook of the fixups changes what a file's type or encoding is taken to be, and nothing that adds up when it is asked again. */
export function changesTypes<H extends Hook>(hook: H): H {
  typing.add(hook);
  return hook;
}

/** The fixups that have a say in types. */
export function typingFixups(r: Request): readonly Hook[] {
  return r.server.phases.fixups.filter((hook) => typing.has(hook));
}

/** For a request that lists a directory. `<Files>` and `<Location>` sections are not looked at here: they are asked name by name. */
export function areFilesAlike(r: Request): boolean {
  if (coreDir(r).ifSections !== undefined) return false;
  // Regular expressions are compared with the names of files too.
  if (coreServer(r.server).directorySections?.some(({ regex }) => regex !== undefined) === true) return false;
  const { phases } = r.server;
  return PHASES.every((phase) => phases[phase].every((hook) => rules.get(hook)?.(r) === true));
}

/**
 * Whether a section is for this name, and not for all names of the directory that `r` lists: `<Files>`, and `<Location>` where the directory's URL makes
 * it possible.
 */
export function namedBySection(r: Request): (baseName: string) => boolean {
  const files = coreDir(r).fileSections ?? [];
  const uri = r.uri.endsWith('/') ? r.uri : `${r.uri}/`;
  const locations = (coreServer(r.server).locationSections ?? []).filter((section) =>
    mayDiffer(section, uri),
  );
  const own = locations.map((section) => section.matches(uri));
  return (baseName) =>
    files.some((section) => section.matches(baseName)) ||
    locations.some((section, i) => section.matches(uri + baseName) !== own[i]);
}

/** A path that is the directory's or above it is for all that is in it; one that is elsewhere for nothing. */
function mayDiffer({ regex, isWildcard, pattern, matches }: Section, uri: string): boolean {
  return regex !== undefined || isWildcard || (pattern.startsWith(uri) && !matches(uri));
}

/**
 * The walks: which sections a request falls in, and what their configurations merge to (ap_location_walk, ap_directory_walk, ap_file_walk,
 * ap_if_walk of httpd's server/request.c). Merging is memoised in PerDirConfig, so a walk is a few look-ups.
 */
import { PerDirConfig } from '../config/per-dir.ts';
import type { Pcre } from '../lib/pcre/index.ts';
import { coreDirOf, coreServer, type Section } from './core-config.ts';
import { evaluateBoolean } from './expression-context.ts';
import type { Answer } from './hooks.ts';
import type { Request } from './request.ts';
import { OK } from './status.ts';

/** `add` on top of `base`; either may say nothing. */
export function mergeInto(r: Request, base: PerDirConfig, add: PerDirConfig): PerDirConfig {
  return base.merge(add, r.configuration.modules);
}

/**
 * No section or .htaccess file has said anything yet. They are merged among themselves, and what comes of it onto the server's defaults at the
 * end: with UnsetEnv and its like the order shows.
 */
export const NOTHING = new PerDirConfig();

/** `add` on top of the sections above it. */
export function onto(r: Request, sections: PerDirConfig, add: PerDirConfig): PerDirConfig {
  return sections === NOTHING ? add : mergeInto(r, sections, add);
}

/** What holds where these sections do. */
export function inForce(r: Request, sections: PerDirConfig): PerDirConfig {
  return sections === NOTHING ? r.server.lookupDefaults : mergeInto(r, r.server.lookupDefaults, sections);
}

/** Asks with `add` on top of the request's configuration, which is put back however the asking ends. */
export function withPerDir<T>(r: Request, add: PerDirConfig, ask: () => T | Promise<T>): T | Promise<T> {
  const before = r.perDir;
  let isPending = false;
  r.perDir = mergeInto(r, before, add);
  try {
    const answer = ask();
    if (!(answer instanceof Promise)) return answer;
    isPending = true;
    return answer.finally(() => {
      r.perDir = before;
    });
  } finally {
    if (!isPending) r.perDir = before;
  }
}

/** The variables that named groups of a pattern become, and the groups' numbers. */
const variablesOf = new WeakMap<Pcre, readonly (readonly [variable: string, group: number])[]>();

function groupVariables(regex: Pcre): readonly (readonly [variable: string, group: number])[] {
  let variables = variablesOf.get(regex);
  if (variables === undefined) {
    variables = [...regex.groupNames].map(([name, number]) => [`MATCH_${name.toUpperCase()}`, number]);
    variablesOf.set(regex, variables);
  }
  return variables;
}

/** Whether a path falls in a section; named groups of the section's regular expression become MATCH_NAME variables (ap_regname). */
export function fallsIn(
  r: Request,
  { matches, regex }: Pick<Section, 'matches' | 'regex'>,
  path: string,
): boolean {
  if (regex === undefined || regex.groupNames.size === 0) return matches(path);
  const match = regex.exec(path);
  if (match === null) return false;
  for (const [variable, group] of groupVariables(regex)) {
    const value = match.groups[group];
    if (value !== undefined) r.env.set(variable, value);
  }
  return true;
}

/** Configuration of all sections of a list that `path` falls in, in the list's order; undefined for none. */
function mergeMatching(
  r: Request,
  sections: readonly Section[],
  path: string,
  rawPath: string,
): PerDirConfig | undefined {
  let merged: PerDirConfig | undefined;
  for (let i = 0; i < sections.length; i++) {
    const section = sections[i] as Section;
    if (!fallsIn(r, section, section.regex === undefined ? path : rawPath)) continue;
    merged = merged === undefined ? section.perDir : mergeInto(r, merged, section.perDir);
  }
  return merged;
}

/** `<Location>` sections of the request's URL, merged onto what the request has so far. */
export function locationWalk(r: Request): void {
  const sections = coreServer(r.server).locationSections;
  if (sections === undefined || sections.length === 0) return;
  // A forward proxy's request is known by the whole URL it names, as it was written.
  const path = r.uri.charCodeAt(0) === 0x2f ? collapseSlashes(r.uri) : r.uri;
  const merged = mergeMatching(r, sections, path, r.uri);
  if (merged !== undefined) r.perDir = mergeInto(r, r.perDir, merged);
}

/** ap_no2slash: Location paths are compared with double slashes collapsed even where MergeSlashes keeps them. */
function collapseSlashes(uri: string): string {
  return uri.includes('//') ? uri.replace(/\/{2,}/g, '/') : uri;
}

/** `<Files>` sections of the directory the file is in, by its base name. */
export function fileWalk(r: Request): void {
  const sections = coreDirOf(r.perDir).fileSections;
  if (sections === undefined || r.filename === undefined) return;
  const baseName = r.filename.slice(r.filename.lastIndexOf('/') + 1);
  if (baseName === '') return;
  const merged = mergeMatching(r, sections, baseName, baseName);
  if (merged !== undefined) r.perDir = mergeInto(r, r.perDir, merged);
}

/** How deep `<If>` sections may nest: ap_if_walk calls itself for those inside one that holds. */
const MAX_IF_DEPTH = 20;

/** `<If>`, `<ElseIf>`, `<Else>` of what the request has so far, and those nested in the ones that hold. */
export function ifWalk(r: Request): Answer {
  const sections = coreDirOf(r.perDir).ifSections;
  if (sections === undefined) return OK;
  return walkIfSections(r, sections, 0, false, 0);
}

function walkIfSections(
  r: Request,
  sections: readonly Section[],
  from: number,
  held: boolean,
  depth: number,
): Answer {
  let chainHeld = held;
  for (let i = from; i < sections.length; i++) {
    const section = sections[i] as Section;
    if (section.isAlternative === true && chainHeld) continue;
    if (section.isAlternative !== true) chainHeld = false;
    const holds = section.condition === undefined ? true : evaluateBoolean(section.condition, r);
    if (typeof holds !== 'boolean') {
      return holds.then(async (value) => {
        if (value) {
          const status = await enterIf(r, section, depth);
          if (status !== OK) return status;
        }
        return walkIfSections(r, sections, i + 1, value || chainHeld, depth);
      });
    }
    if (!holds) continue;
    chainHeld = true;
    const entered = enterIf(r, section, depth);
    if (entered === OK) continue;
    if (typeof entered === 'number') return entered;
    return entered.then((status) =>
      status === OK ? walkIfSections(r, sections, i + 1, true, depth) : status,
    );
  }
  return OK;
}

function enterIf(r: Request, section: Section, depth: number): Answer {
  r.perDir = mergeInto(r, r.perDir, section.perDir);
  const nested = coreDirOf(section.perDir).ifSections;
  if (nested === undefined) return OK;
  if (depth >= MAX_IF_DEPTH) return 500;
  return walkIfSections(r, nested, 0, false, depth + 1);
}

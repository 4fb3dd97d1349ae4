/** mod_speling: redirects to the file whose name is most like the one asked for (modules/mappers/mod_speling.c). Complete. */
import { opendirSync } from 'node:fs';
import { type AnyRow, OR_OPTIONS } from '../../config/directive.ts';
import { fsPath } from '../../core/files.ts';
import { LAST } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { constructUrl } from '../../core/server-identity.ts';
import { alikeForFiles } from '../../core/siblings.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { equalsIgnoreCase } from '../../http/bytes.ts';
import { escapeHtml, escapeUri } from '../../http/escape.ts';
import { asciiLower } from '../../lib/ascii.ts';

/** These are not merged: a section that says anything of spelling has only what it says. */
export interface SpelingDirConf {
  isOn?: boolean;
  caseOnly?: boolean;
  /** Unless it says no, files of the same name with another extension are offered. */
  baseNames?: boolean;
}

function flag(name: string, usage: string, field: keyof SpelingDirConf): AnyRow<object, SpelingDirConf> {
  return { name, shape: 'FLAG', where: OR_OPTIONS, usage, apply: (cmd, on) => void (cmd.dir[field] = on) };
}

const directives: readonly AnyRow<object, SpelingDirConf>[] = [
  flag('CheckSpelling', 'whether or not to fix miscapitalized/misspelled requests', 'isOn'),
  flag('CheckCaseOnly', 'whether or not to fix only miscapitalized requests', 'caseOnly'),
  flag('CheckBasenameMatch', 'whether or not to fix files with the same base name', 'baseNames'),
];

/** How alike two names are, the best first (sp_reason). */
export const Likeness = {
  miscapitalized: 0,
  transposed: 1,
  missing: 2,
  extra: 3,
  mistyped: 4,
  different: 5,
} as const;
type Likeness = (typeof Likeness)[keyof typeof Likeness];

const REASONS: readonly string[] = [
  'miscapitalized',
  'transposed characters',
  'character missing',
  'extra character',
  'mistyped character',
  'common basename',
];

/** Whether one slip of the finger makes the one name of the other (spdist). */
export function compareNames(asked: string, present: string): Likeness {
  const s = asciiLower(asked);
  const t = asciiLower(present);
  let i = 0;
  while (i < s.length && s[i] === t[i]) i++;
  if (i === s.length && i === t.length) return Likeness.miscapitalized;
  const hasBoth = i < s.length && i < t.length;
  if (hasBoth && s[i] === t[i + 1] && t[i] === s[i + 1] && s.slice(i + 2) === t.slice(i + 2))
    return Likeness.transposed;
  if (hasBoth && s.slice(i + 1) === t.slice(i + 1)) return Likeness.mistyped;
  if (i < s.length && s.slice(i + 1) === t.slice(i)) return Likeness.extra;
  if (i < t.length && s.slice(i) === t.slice(i + 1)) return Likeness.missing;
  return Likeness.different;
}

interface Candidate {
  readonly name: string;
  readonly likeness: Likeness;
}

/** What a name of the directory has to do with the one asked for. */
export function judge(asked: string, name: string, conf: Readonly<SpelingDirConf>): Likeness | undefined {
  if (equalsIgnoreCase(asked, name)) return Likeness.miscapitalized;
  if (conf.caseOnly !== true) {
    const likeness = compareNames(asked, name);
    if (likeness !== Likeness.different) return likeness;
  }
  if (conf.baseNames === false) return undefined;
  return asciiLower(beforeDot(asked)) === asciiLower(beforeDot(name)) ? Likeness.different : undefined;
}

function beforeDot(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** The names of a directory that are like one; undefined when the directory cannot be read, or has exactly that name. */
function findCandidates(
  directory: string,
  asked: string,
  conf: Readonly<SpelingDirConf>,
): Candidate[] | undefined {
  const candidates: Candidate[] = [];
  try {
    const dir = opendirSync(fsPath(directory === '' ? '/' : directory), { encoding: 'latin1' });
    try {
      for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) {
        const { name } = entry;
        // A dangling link, say: to send the client there would never end.
        if (name === asked) return undefined;
        const likeness = judge(asked, name, conf);
        if (likeness !== undefined) candidates.push({ name, likeness });
      }
    } finally {
      dir.closeSync();
    }
  } catch {
    return undefined;
  }
  return candidates.sort((a, b) => a.likeness - b.likeness);
}

/** check_speling() */
function fixSpelling(r: Request): number {
  const conf = modSpeling.dir(r);
  if (conf.isOn !== true || (r.method !== 'GET' && r.method !== 'HEAD')) return DECLINED;
  const { filename, uri } = r;
  if (r.finfo !== undefined || r.proxyRequest !== 'none' || filename === undefined) return DECLINED;
  if (r.main !== undefined) return DECLINED;
  const slash = filename.lastIndexOf('/');
  if (slash < 0 || uri === '/') return DECLINED;
  const asked = filename.slice(slash + 1);
  // URL and file name must end alike: else nobody knows what URL another file has.
  if (!uri.endsWith(asked + r.pathInfo)) return DECLINED;
  const candidates = findCandidates(filename.slice(0, slash), asked, conf);
  if (candidates === undefined) return DECLINED;
  const [best, second] = candidates;
  if (best === undefined) return OK;
  const base = uri.slice(0, uri.length - asked.length - r.pathInfo.length);
  if (best.likeness !== Likeness.different && best.likeness !== second?.likeness)
    return redirectTo(r, base + best.name + r.pathInfo);
  offer(r, base, candidates);
  return 300;
}

function redirectTo(r: Request, uri: string): number {
  const target = escapeUri(uri) + (r.args === undefined ? '' : `?${r.args}`);
  r.headersOut.set('Location', constructUrl(r, target));
  const referer = r.headersIn.get('referer');
  logRequest(
    r,
    'speling',
    Level.info,
    referer === undefined ? 'AH03225' : 'AH03224',
    `Fixed spelling: ${r.uri} to ${target}${referer === undefined ? '' : ` from ${referer}`}`,
  );
  return 301;
}

/** The list for the page of the 300, and in VARIANTS. */
function offer(r: Request, base: string, candidates: readonly Candidate[]): void {
  const variants: string[] = [];
  let page = `The document name you requested (<code>${escapeHtml(r.uri)}</code>) could not be found on this server.\nHowever, we found documents with names similar to the one you requested.<p>Available documents:\n<ul>\n`;
  candidates.forEach(({ name, likeness }, i) => {
    const query = r.args === undefined ? '' : `?${r.args}`;
    const uri = base + name + r.pathInfo + query;
    const reason = REASONS[likeness] as string;
    variants.push('"', escapeUri(uri), '";"', reason, '"');
    page += `<li><a href="${escapeUri(uri)}">${escapeHtml(uri)}</a> (${reason})\n`;
    const isLastLike = likeness !== Likeness.different && candidates[i + 1]?.likeness === Likeness.different;
    if (i > 0 && isLastLike)
      page += '</ul>\nFurthermore, the following related documents were found:\n<ul>\n';
  });
  page += '</ul>\n';
  const referer = r.headersIn.get('referer');
  if (referer !== undefined)
    page += `Please consider informing the owner of the referring page <tt>${escapeHtml(referer)}</tt> about the broken link.\n`;
  r.notes.set('variant-list', page);
  const before = r.getEnv('VARIANTS');
  r.env.set('VARIANTS', `${before === undefined ? '' : `${before}, `}${variants.join(',')}`);
  logRequest(
    r,
    'speling',
    Level.info,
    referer === undefined ? 'AH03227' : 'AH03226',
    `Spelling fix: ${r.uri}: ${candidates.length} candidates${referer === undefined ? '' : ` from ${referer}`}`,
  );
}

export const modSpeling = defineModule<object, SpelingDirConf>({
  name: 'speling_module',
  file: 'mod_speling.c',
  directives,
  hooks: { fixups: { run: alikeForFiles(fixSpelling), order: LAST } },
});

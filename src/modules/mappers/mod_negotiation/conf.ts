/** Directives of mod_negotiation, and how their configurations merge. */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { asciiLower } from '../../../lib/ascii.ts';

export interface ServerConf {
  cachesNegotiated?: boolean;
}
export interface DirConf {
  /** LanguagePriority, in lower case. */
  priority?: string[];
  prefers?: boolean;
  fallsBack?: boolean;
}
type Cmd = Command<ServerConf, DirConf>;

function forcePriority(cmd: Cmd, word: string): ApplyResult {
  const { dir } = cmd;
  switch (word.toLowerCase()) {
    case 'none':
      if (dir.prefers === true || dir.fallsBack === true)
        return 'Cannot combine ForceLanguagePriority options with None';
      dir.prefers = dir.fallsBack = false;
      return undefined;
    case 'prefer':
    case 'fallback': {
      const field = word.toLowerCase() === 'prefer' ? 'prefers' : 'fallsBack';
      if (dir.prefers === false && dir.fallsBack === false) {
        return `Cannot combine ForceLanguagePriority options None and ${word}`;
      }
      dir[field] = true;
      return undefined;
    }
    default:
      return `Invalid ForceLanguagePriority option ${word}`;
  }
}

export const directives: readonly AnyRow<ServerConf, DirConf>[] = [
  {
    name: 'CacheNegotiatedDocs',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: "Either 'on' or 'off' (default)",
    apply: (cmd, on) => void (cmd.server.cachesNegotiated = on),
  },
  {
    name: 'LanguagePriority',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'space-delimited list of MIME language abbreviations',
    apply: (cmd, language) => void (cmd.dir.priority ??= []).push(asciiLower(language)),
  },
  {
    name: 'ForceLanguagePriority',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'Force LanguagePriority elections, either None, or Fallback and/or Prefer',
    apply: forcePriority,
  },
];

/** LanguagePriority, and ForceLanguagePriority as a whole, are the newer section's where it has them. */
export function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = {};
  const priority = add.priority ?? base.priority;
  if (priority !== undefined) merged.priority = priority;
  const force = add.prefers !== undefined || add.fallsBack !== undefined ? add : base;
  if (force.prefers !== undefined) merged.prefers = force.prefers;
  if (force.fallsBack !== undefined) merged.fallsBack = force.fallsBack;
  return merged;
}

/**
 * What the sections of a server say of a directory. It is a function of the directory's name alone, so it is worked out once and kept per
 * server; what .htaccess files add to it the walk asks each time.
 */
import { OR_UNSET } from '../config/directive.ts';
import type { PerDirConfig } from '../config/per-dir.ts';
import { LruCache } from '../lib/lru.ts';
import {
  allowedOptions,
  type CoreDirConf,
  coreDirOf,
  coreServer,
  OPT_SYM_LINKS,
  OPT_SYM_OWNER,
} from './core-config.ts';
import { AccessPlace } from './htaccess.ts';
import type { Request } from './request.ts';
import type { VirtualServer } from './virtual-server.ts';
import { inForce, NOTHING, onto } from './walks.ts';

/** Whether a .htaccess file counts where this configuration holds: everywhere but under `AllowOverride None`. */
function allowsHtaccess(conf: Readonly<CoreDirConf>): boolean {
  // What is only forgiven is read too, to be warned of.
  if ((conf.override ?? OR_UNSET) !== 0 || (conf.overrideNonfatal ?? 0) !== 0) return true;
  return conf.overrideList !== undefined && conf.overrideList.size > 0;
}

/** Whether links may be followed unseen where this configuration holds. */
export function followsLinks(conf: Readonly<CoreDirConf>): boolean {
  // Both options together mean the stricter one.
  return (allowedOptions(conf) & (OPT_SYM_LINKS | OPT_SYM_OWNER)) === OPT_SYM_LINKS;
}

/** What the sections alone say of a directory. */
export interface DirectoryPlan {
  /** With its slash at the end. */
  readonly directory: string;
  /** The sections for exactly this directory, in their order; regular expressions come at the end of the walk. */
  readonly own: readonly PerDirConfig[];
  /** All sections from the root down to it merged. */
  readonly sections: PerDirConfig;
  /** As far as sections tell, no link on the way to what is in it needs a look. */
  readonly followsLinks: boolean;
  /** Where its .htaccess file may stand; undefined where none counts. */
  readonly place: AccessPlace | undefined;
  /** It and the directories above it, from the first on in which a .htaccess file counts. */
  readonly guarded: readonly DirectoryPlan[];
  /** Number of the client's request that found it last (Request.walk). */
  seenBy: number;
}

const PLANS_KEPT = 4096;
const plansOf = new WeakMap<VirtualServer, LruCache<string, DirectoryPlan>>();
const NONE: readonly never[] = [];

export function plansFor(server: VirtualServer): LruCache<string, DirectoryPlan> {
  let plans = plansOf.get(server);
  if (plans === undefined) {
    plans = new LruCache<string, DirectoryPlan>(PLANS_KEPT);
    plansOf.set(server, plans);
  }
  return plans;
}

/** The plan of a directory that is there (its slash at the end), made from the plan of its parent. */
export function planOf(r: Request, directory: string): DirectoryPlan {
  const plans = plansFor(r.server);
  const known = plans.get(directory);
  if (known !== undefined) return known;
  const plan = makePlan(r, directory.includes('//') ? directory.replace(/\/{2,}/g, '/') : directory);
  plans.set(directory, plan);
  return plan;
}

function makePlan(r: Request, directory: string): DirectoryPlan {
  const parent =
    directory === '/'
      ? undefined
      : planOf(r, directory.slice(0, directory.lastIndexOf('/', directory.length - 2) + 1));
  const own = ownSections(r, directory);
  const sections = own.reduce((above, add) => onto(r, above, add), parent?.sections ?? NOTHING);
  const conf = coreDirOf(inForce(r, sections));
  const place = allowsHtaccess(conf) ? new AccessPlace(directory, conf, r.server) : undefined;
  const above = parent?.guarded ?? NONE;
  const plan = {
    directory,
    own,
    sections,
    followsLinks: (parent?.followsLinks ?? true) && followsLinks(conf),
    place,
    guarded: above,
    seenBy: 0,
  };
  if (place !== undefined || above.length > 0) plan.guarded = [...above, plan];
  return plan;
}

/** The `<Directory>` sections for exactly this directory (its slash at the end). */
function ownSections(r: Request, directory: string): readonly PerDirConfig[] {
  const sections = coreServer(r.server).directorySections;
  if (sections === undefined) return NONE;
  const own: PerDirConfig[] = [];
  const depth = directory.split('/').length - 1;
  for (const section of sections) {
    if (section.regex !== undefined || section.components > depth) break; // sorted: shortest first, regular expressions last
    if (section.components === depth && section.matches(directory)) own.push(section.perDir);
  }
  return own.length === 0 ? NONE : own;
}

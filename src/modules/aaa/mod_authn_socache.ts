/**
 * mod_authn_socache: credentials that another provider has found, kept for a while (modules/aaa/mod_authn_socache.c). They are kept in this
 * process, bounded, whatever AuthnCacheSOCache names.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../config/directive.ts';
import { CREDENTIALS_GROUP, type CredentialsKeeper, passwordAnswer } from '../../core/authn.ts';
import type { Configuration } from '../../core/configuration.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthnProvider } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';
import { LruCache } from '../../lib/lru.ts';

interface DirConf {
  /** Providers that are cached for. */
  providers?: readonly string[];
  /** Seconds. */
  timeout?: number;
  /** `directory`, `server`, or any other word: what users of one name are told apart by. */
  context?: string;
}
type Cmd = Command<object, DirConf>;

const DEFAULT_TIMEOUT = 300;
const ENTRIES_KEPT = 10_000;

interface Kept {
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}
const caches = new WeakMap<Configuration, LruCache<string, Kept>>();

/** One for all servers; another configuration may know other users. */
function cacheOf({ configuration }: Request): LruCache<string, Kept> {
  let cache = caches.get(configuration);
  if (cache === undefined) {
    cache = new LruCache(ENTRIES_KEPT);
    caches.set(configuration, cache);
  }
  return cache;
}

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'authn_socache', level, tag, message);

/** Where the implementation is at hand a name is known, as in httpd, by its module. */
function selectCache(cmd: Cmd, text: string): ApplyResult {
  const [name = ''] = text.split(':', 1);
  if (name === 'default' || cmd.hasModule(`socache_${name}_module`)) return undefined;
  const advice = `Maybe you need to load the appropriate socache module (mod_socache_${name}?)`;
  return `AuthnCacheSOCache: Unknown socache provider '${name}'. ${advice}`;
}

function setTimeoutOf(cmd: Cmd, text: string): undefined {
  cmd.dir.timeout = Number.parseInt(/^[\t-\r ]*([+-]?\d+)/.exec(text)?.[1] ?? '0', 10);
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'AuthnCacheSOCache',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'socache provider for authn cache',
    apply: selectCache,
  },
  {
    name: 'AuthnCacheEnable',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'enable socache configuration in htaccess even if not enabled anywhere else',
    apply: () => undefined,
  },
  {
    name: 'AuthnCacheProvideFor',
    shape: 'ITERATE',
    where: OR_AUTHCFG,
    usage: 'Determine what authn providers to cache for',
    apply: (cmd, name) => void (cmd.dir.providers = [...(cmd.dir.providers ?? []), name]),
  },
  {
    name: 'AuthnCacheTimeout',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'Timeout (secs) for cached credentials',
    apply: setTimeoutOf,
  },
  {
    name: 'AuthnCacheContext',
    shape: 'TAKE1',
    where: ACCESS_CONF,
    usage: 'Context for authn cache',
    apply: (cmd, context) => void (cmd.dir.context = context),
  },
];

/**
 * construct_key(): the server's name is that of its configuration, whatever the client calls it. No part has a NUL, so that a user's name cannot
 * be taken for more than that.
 */
function keyOf(r: Request, user: string, realm: string | undefined): string {
  const { context = 'directory' } = modAuthnSocache.dir(r);
  let place = context;
  if (context === 'directory') place = r.server.hostname + r.uri.slice(0, r.uri.lastIndexOf('/'));
  else if (context === 'server') place = r.server.hostname;
  return `${place}\0${user}\0${realm ?? ''}\0${realm === undefined ? 'basic' : 'digest'}`;
}

function find(
  r: Request,
  user: string,
  realm: string | undefined,
  none: string,
  found: string,
): string | undefined {
  // Where nothing is cached nothing can be found either.
  if (modAuthnSocache.dir(r).providers === undefined) return undefined;
  const kept = cacheOf(r).get(keyOf(r, user, realm));
  if (kept === undefined || kept.until < Date.now()) {
    log(r, Level.debug, none, `Authn cache: no credentials found for ${user}`);
    return undefined;
  }
  log(r, Level.debug, found, `Authn cache: found credentials for ${user}`);
  return kept.hash;
}

const socacheProvider: AuthnProvider = {
  checkPassword(r, user, password) {
    const hash = find(r, user, undefined, 'AH01684', 'AH01685');
    if (hash === undefined) return 'user-not-found';
    return passwordAnswer(hash, password);
  },
  realmHash(r, user, realm) {
    const hash = find(r, user, realm, 'AH01687', 'AH01688');
    return hash === undefined ? 'user-not-found' : { hash };
  },
};

const keeper: CredentialsKeeper = {
  store(r, provider, user, realm, hash) {
    const { providers, timeout = DEFAULT_TIMEOUT } = modAuthnSocache.dir(r);
    if (providers?.includes(provider) !== true) return;
    cacheOf(r).set(keyOf(r, user, realm), { hash, until: Date.now() + timeout * 1000 });
    log(
      r,
      Level.debug,
      'AH01681',
      `Cached authn credentials for ${user} in ${keyOf(r, user, realm).split('\0', 1)[0]}`,
    );
  },
};

export const modAuthnSocache = defineModule<object, DirConf>({
  name: 'authn_socache_module',
  file: 'mod_authn_socache.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  authnProviders: { socache: socacheProvider },
  providers: { [CREDENTIALS_GROUP]: { keeper } },
});

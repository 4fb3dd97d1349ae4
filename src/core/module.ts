/**
 * The module contract. A module file reads top to bottom: a header naming the httpd source it mirrors; `interface ServerConf`/`DirConf` with
 * every field optional; directive rows; merges; hook functions; `export const modX = defineModule({...})`.
 */
import type { ServerConfigs } from '../config/apply.ts';
import type { AnyRow } from '../config/directive.ts';
import type { ConfigModule, PerDirConfig } from '../config/per-dir.ts';
import type { Configuration } from './configuration.ts';
import type { PhaseHooks } from './hooks.ts';
import type { AuthnProvider, AuthzProvider } from './providers.ts';
import type { VirtualServer } from './virtual-server.ts';

/** What a module file says about itself. `S` and `D`: its server and per-directory configuration, every field optional. */
export interface ModuleDescription<S extends object, D extends object> {
  /** `alias_module`: the name LoadModule uses. */
  readonly name: string;
  /** `mod_alias.c`: the source file's name in httpd, the other name `<IfModule>` knows. */
  readonly file: string;
  readonly directives?: readonly AnyRow<S, D>[];
  readonly createServer?: () => S;
  readonly createDir?: () => D;
  /** Pure; a line a field. Without it the newer configuration replaces the older whole. */
  readonly mergeServer?: (base: S, add: S) => S;
  readonly mergeDir?: (base: D, add: D) => D;
  readonly hooks?: PhaseHooks;
  /** Kinds of Require lines, and stores of users, by the name directives use. */
  readonly authzProviders?: Readonly<Record<string, AuthzProvider>>;
  readonly authnProviders?: Readonly<Record<string, AuthnProvider>>;
  /** What it offers to seams that other modules own: group, then name (mod_proxy's scheme handlers). */
  readonly providers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Its hooks run for every server, even one that no directive of the module was applied to (mod_dir's index.html, mod_mime's types). */
  readonly always?: boolean;
  /** After the whole configuration is read and merged: compile, check, complain (post_config). */
  readonly postConfig?: (configuration: Configuration) => void;
  /** The configuration is about to serve: start what it needs. At the server's own start this still has the rights of whoever started it. */
  readonly begin?: (configuration: Configuration) => void;
  /** The configuration has answered its last request: give up what was opened for it. */
  readonly retire?: (configuration: Configuration) => void;
}

/** Something that carries a per-directory configuration: a request. */
interface HasPerDir {
  readonly perDir: PerDirConfig;
}

export interface Module<S extends object = object, D extends object = object> extends ConfigModule {
  readonly name: string;
  readonly file: string;
  readonly directives: readonly AnyRow<S, D>[];
  readonly hooks: PhaseHooks;
  readonly authzProviders: Readonly<Record<string, AuthzProvider>>;
  readonly authnProviders: Readonly<Record<string, AuthnProvider>>;
  readonly providers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly always: boolean;
  readonly postConfig: ((configuration: Configuration) => void) | undefined;
  readonly begin: ((configuration: Configuration) => void) | undefined;
  readonly retire: ((configuration: Configuration) => void) | undefined;
  /** The module's merged configuration of a server; an empty one when nothing was said. */
  server(server: Pick<ServerConfigs, 'slots'>): Readonly<S>;
  /** The module's merged per-directory configuration of a request; an empty one when nothing was said. */
  dir(r: HasPerDir): Readonly<D>;
  /** The same of a vector. */
  dirOf(perDir: PerDirConfig): Readonly<D>;
}

/** A module of which the types of its configurations are no longer known, as lists hold it. */
export type AnyModule = Module<never, never> | Module;

export type { VirtualServer };

/** Makes a module of its description. `index`, its slot in the vectors, is given by the list of modules. */
export function defineModule<S extends object = object, D extends object = object>(
  description: ModuleDescription<S, D>,
): Module<S, D> {
  // Every field of S and D is optional by contract, so that the empty object is a configuration that says nothing.
  const emptyServer = Object.freeze(description.createServer?.() ?? {}) as S;
  const emptyDir = Object.freeze(description.createDir?.() ?? {}) as D;
  return {
    index: -1,
    name: description.name,
    file: description.file,
    directives: description.directives ?? [],
    hooks: description.hooks ?? {},
    authzProviders: description.authzProviders ?? {},
    authnProviders: description.authnProviders ?? {},
    providers: description.providers ?? {},
    always: description.always ?? false,
    postConfig: description.postConfig,
    begin: description.begin,
    retire: description.retire,
    createServer: description.createServer,
    createDir: description.createDir,
    mergeServer: description.mergeServer as ConfigModule['mergeServer'],
    mergeDir: description.mergeDir as ConfigModule['mergeDir'],
    server(server) {
      return (server.slots[this.index] as S | undefined) ?? emptyServer;
    },
    dir(r) {
      return (r.perDir.slots[this.index] as D | undefined) ?? emptyDir;
    },
    dirOf(perDir) {
      return (perDir.slots[this.index] as D | undefined) ?? emptyDir;
    },
  };
}

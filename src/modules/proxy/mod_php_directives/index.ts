/**
 * php_value, php_flag, php_admin_value and php_admin_flag for PHP behind FastCGI: what mod_php (sapi/apache2handler of PHP) does with them in its own
 * process is sent along with the requests. httpd without mod_php knows none of them, and neither does apache-lite until `PHPDirectives fcgi` is said.
 *
 * Different from mod_php: `php_flag engine off` makes requests for PHP 403 where mod_php would send the source; what holds for a whole process
 * (disable_functions, extension) is refused; .htaccess files set the names that the server's configuration knows. A script cannot change by ini_set()
 * what php_admin_* has ever set in its process: pools that must not share that are pools of their own.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { unknownDirective } from '../../../config/invoke.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { CORE_INDEX, type CoreDirConf, coreServer } from '../../../core/core-config.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { Span } from '../../../diagnostics/source.ts';
import { type ExtraParams, REQUEST_PARAMS, type RequestParams } from '../shared/request-params.ts';
import { type PhpValue, type PhpValues, phpParams, type Resettable } from './parameters.ts';
import { defaultOf, isRetired, isSystemOnly, nameFault, USUAL_NAMES } from './settings.ts';

interface ServerConf {
  mode?: 'fcgi' | 'refuse';
  /** Names that PHPDirectives lists, with their defaults where it gives them. */
  listed?: ReadonlyMap<string, string | undefined>;
  /** Names that directives of this server set, and where the first of them stands. */
  names?: ReadonlyMap<string, Span>;
  /** When the configuration is complete: every name that a request of any server may set. Unset: no server sends any. */
  resettable?: Resettable;
}

interface DirConf {
  values?: PhpValues;
}

type Cmd = Command<ServerConf, DirConf>;

function mergeServer(base: ServerConf, add: ServerConf): ServerConf {
  return { ...base, ...add };
}

/** A newer value counts, but one that is no admin's does not change one that is (merge_php_config). */
function mergeDir(base: DirConf, add: DirConf): DirConf {
  if (base.values === undefined || add.values === undefined) return { ...base, ...add };
  const values = new Map(base.values);
  for (const [name, value] of add.values) {
    if (value.isAdmin || values.get(name)?.isAdmin !== true) values.set(name, value);
  }
  return { values };
}

/** PHPDirectives fcgi [name[=default] ...] | refuse */
function phpDirectives(cmd: Cmd, words: readonly string[]): ApplyResult {
  const [word = '', ...names] = words;
  const mode = word.toLowerCase();
  if (mode !== 'fcgi' && mode !== 'refuse') return "PHPDirectives must be 'fcgi' or 'refuse'";
  if (mode === 'refuse' && names.length > 0) return "PHPDirectives: no names may follow 'refuse'";
  const listed = new Map<string, string | undefined>();
  for (const text of names) {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const fallback = equals < 0 ? defaultOf(name) : text.slice(equals + 1);
    const fault = nameFault(name) ?? valueFault(fallback ?? '');
    if (fault !== undefined) return `PHPDirectives: ${fault}`;
    if (fallback === undefined) return `PHPDirectives: ${withoutDefault(name)}`;
    listed.set(name, fallback);
  }
  cmd.server.mode = mode;
  if (names.length > 0) cmd.server.listed = listed;
  return undefined;
}

const withoutDefault = (name: string): string =>
  `PHP's own value of ${name} is not known, which requests that do not set it need: write ${name}=value behind "PHPDirectives fcgi"`;

function valueFault(value: string): string | undefined {
  return /[\r\n\0]/.test(value) ? 'a value may not contain line ends' : undefined;
}

type SettingKind = { readonly isFlag: boolean; readonly isAdmin: boolean };

function setPhp({ isFlag, isAdmin }: SettingKind) {
  return (cmd: Cmd, name: string, text: string): ApplyResult => {
    if (cmd.isHtaccess) {
      const { resettable } = modPhpDirectives.server(cmd.serverConfigs);
      return setInForce(cmd, name, textOf(text, isFlag, isAdmin), resettable);
    }
    const { serverConfigs, mainServer, node } = cmd;
    cmd.afterwards(() => (modeOf(serverConfigs, mainServer) === 'fcgi' ? undefined : unknownDirective(node)));
    const fault = setInForce(cmd, name, textOf(text, isFlag, isAdmin), undefined);
    if (fault === undefined) return undefined;
    cmd.afterwards(() => (modeOf(serverConfigs, mainServer) === 'fcgi' ? fault : undefined));
    return undefined;
  };
}

function modeOf(
  server: Pick<VirtualServer, 'slots'>,
  main: Pick<VirtualServer, 'slots'>,
): string | undefined {
  return modPhpDirectives.server(server).mode ?? modPhpDirectives.server(main).mode;
}

/** php_flag knows On and 1, and takes all else for off; php_value knows `none` for an empty text. */
function textOf(text: string, isFlag: boolean, isAdmin: boolean): PhpValue {
  const lower = text.toLowerCase();
  if (isFlag) return { value: lower === 'on' || lower === '1' ? '1' : '0', isAdmin };
  return { value: lower === 'none' ? '' : text, isAdmin };
}

/** @param known the names that may be set, in .htaccess; undefined in the server's configuration, which says what they are. */
function setInForce(cmd: Cmd, name: string, value: PhpValue, known: Resettable | undefined): ApplyResult {
  const fault = name === 'engine' ? undefined : (nameFault(name) ?? valueFault(value.value));
  if (fault !== undefined) return `${cmd.node.name}: ${fault}`;
  if (isRetired(name)) return undefined;
  if (isSystemOnly(name) && !value.isAdmin) {
    cmd.warn(`${name} can be changed by php_admin_value and php_admin_flag only; the line has no effect`);
    return undefined;
  }
  if (name !== 'engine') {
    if (cmd.isHtaccess && known?.has(name) !== true) {
      const message = `${cmd.node.name}: the server's configuration does not let .htaccess files set ${name}`;
      return { message, hint: `add the name to its "PHPDirectives fcgi ..."` };
    }
    if (!cmd.isHtaccess) noteName(cmd, name);
  }
  cmd.dir.values = new Map(cmd.dir.values).set(name, value);
  return undefined;
}

function noteName({ server, node }: Cmd, name: string): void {
  if (server.names?.has(name) !== true) server.names = new Map(server.names).set(name, node.span);
}

/** All servers' names: a process of a pool does not know which of them it is asked for. */
function gatherNames({ main, virtualServers, problems }: Configuration): void {
  const servers = [main, ...virtualServers];
  const confs = servers.map((server) => modPhpDirectives.server(server));
  if (!confs.some(({ mode }) => mode === 'fcgi')) return;
  const defaults = new Map<string, string>();
  for (const { listed } of confs) {
    for (const [name, fallback] of listed ?? []) if (fallback !== undefined) defaults.set(name, fallback);
  }
  const resettable = new Map<string, string>();
  const add = (name: string, span?: Span): void => {
    const everywhere = modPhpDirectives.dirOf(main.lookupDefaults).values?.get(name)?.value;
    const fallback = defaults.get(name) ?? defaultOf(name) ?? everywhere;
    if (fallback === undefined) {
      problems.add({ code: 'AH00526', severity: 'error', message: withoutDefault(name), span });
    } else resettable.set(name, fallback);
  };
  for (const [i, server] of servers.entries()) {
    const { mode, names, listed } = confs[i] as ServerConf;
    if (mode !== 'fcgi') continue;
    for (const [name, span] of names ?? []) add(name, span);
    for (const name of listed?.keys() ?? (mayGrantOptions(server) ? USUAL_NAMES : [])) add(name);
  }
  for (const server of servers) {
    const conf = modPhpDirectives.server(server);
    server.slots[modPhpDirectives.index] = { ...conf, resettable };
  }
}

/** Whether any section lets .htaccess files set Options, and with them settings of PHP. */
function mayGrantOptions(server: VirtualServer): boolean {
  const grants = (conf: CoreDirConf | undefined): boolean =>
    ((conf?.override ?? 0) & OR_OPTIONS) !== 0 || (conf?.overrideList?.size ?? 0) > 0;
  return (
    grants(server.lookupDefaults.slots[CORE_INDEX] as CoreDirConf | undefined) ||
    (coreServer(server).directorySections ?? []).some(({ perDir }) =>
      grants(perDir.slots[CORE_INDEX] as CoreDirConf | undefined),
    )
  );
}

const NOTHING_SET: PhpValues = new Map();
/** By the merged values, which are the same object for all requests under the same sections; then by what is to be said of. */
const encodedOf = new WeakMap<PhpValues, WeakMap<Resettable, ExtraParams>>();

const requestParams: RequestParams = (r: Request) => {
  const { mode, resettable } = modPhpDirectives.server(r.server);
  if (resettable === undefined) return undefined;
  const values = (mode === 'fcgi' ? modPhpDirectives.dir(r).values : undefined) ?? NOTHING_SET;
  if (values.get('engine')?.value === '0') {
    logRequest(
      r,
      'php_directives',
      Level.error,
      'AL0120',
      `PHP is switched off for ${r.uri} (php_flag engine off)`,
    );
    return 403;
  }
  const value = r.getEnv('PHP_VALUE');
  const admin = r.getEnv('PHP_ADMIN_VALUE');
  if (value !== undefined || admin !== undefined) return phpParams(values, resettable, { value, admin });
  let encoded = encodedOf.get(values);
  if (encoded === undefined) {
    encoded = new WeakMap();
    encodedOf.set(values, encoded);
  }
  let params = encoded.get(resettable);
  if (params === undefined) {
    params = phpParams(values, resettable);
    encoded.set(resettable, params);
  }
  return params;
};

const row = (name: string, usage: string, where: number, kind: SettingKind): AnyRow<ServerConf, DirConf> => ({
  name,
  shape: 'TAKE2',
  where,
  usage,
  isKnown: (server) => modPhpDirectives.server(server).mode === 'fcgi',
  apply: setPhp(kind),
});

export const modPhpDirectives = defineModule<ServerConf, DirConf>({
  name: 'php_directives_module',
  file: 'mod_php_directives.c',
  directives: [
    {
      name: 'PHPDirectives',
      shape: 'TAKE_ARGV',
      where: RSRC_CONF,
      usage:
        "'fcgi' to send php_value, php_flag, php_admin_value and php_admin_flag along with FastCGI requests, followed by the names (or name=default) that .htaccess files may set; 'refuse' (the default) for errors as in a server without mod_php",
      apply: phpDirectives,
    },
    row('php_value', 'PHP Value Modifier', OR_OPTIONS, { isFlag: false, isAdmin: false }),
    row('php_flag', 'PHP Flag Modifier', OR_OPTIONS, { isFlag: true, isAdmin: false }),
    row('php_admin_value', 'PHP Value Modifier (Admin)', ACCESS_CONF | RSRC_CONF, {
      isFlag: false,
      isAdmin: true,
    }),
    row('php_admin_flag', 'PHP Flag Modifier (Admin)', ACCESS_CONF | RSRC_CONF, {
      isFlag: true,
      isAdmin: true,
    }),
    {
      name: 'PHPINIDir',
      shape: 'TAKE1',
      where: RSRC_CONF,
      usage: 'Directory containing the php.ini file',
      apply: (cmd) => unknownDirective(cmd.node, cmd.isHtaccess),
    },
  ],
  mergeServer,
  mergeDir,
  postConfig: gatherNames,
  providers: { [REQUEST_PARAMS]: { php: requestParams } },
});

/**
 * mod_access_compat: Order, Allow, Deny and Satisfy of httpd 2.2 (modules/aaa/mod_access_compat.c). A section that says anything of this
 * replaces all that was said before it: there is no merging.
 */
import { type AnyRow, type ApplyResult, type Command, OR_AUTHCFG, OR_LIMIT } from '../../config/directive.ts';
import { clientHostName, clientIp, isInDomain } from '../../core/client-host.ts';
import type { Answer } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { type MethodScope, methodScope } from '../../core/method-scope.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { OK } from '../../core/status.ts';
import { CidrError, createIpSubnet, type IpSubnet } from '../../lib/cidr.ts';

export type Order = 'allow,deny' | 'deny,allow' | 'mutual-failure';

/** Who an Allow or Deny is about. */
export type Who =
  | { readonly kind: 'all' }
  | { readonly kind: 'env'; readonly name: string; readonly isSet: boolean }
  | { readonly kind: 'ip'; readonly subnet: IpSubnet }
  | { readonly kind: 'host'; readonly domain: string };

/** Something said for some methods. */
interface Scoped<T> {
  readonly scope: MethodScope;
  readonly value: T;
}

interface DirConf {
  order?: Scoped<Order>[];
  allow?: Scoped<Who>[];
  deny?: Scoped<Who>[];
  satisfy?: Scoped<'all' | 'any'>[];
}
type Cmd = Command<object, DirConf>;

function isOrder(word: string): word is Order {
  return word === 'allow,deny' || word === 'deny,allow' || word === 'mutual-failure';
}

function order(cmd: Cmd, word: string): ApplyResult {
  const value = word.toLowerCase();
  if (!isOrder(value)) return 'unknown order';
  cmd.dir.order ??= [];
  cmd.dir.order.push({ scope: methodScope(cmd), value });
  return undefined;
}

function satisfy(cmd: Cmd, word: string): ApplyResult {
  const value = word.toLowerCase();
  if (value !== 'all' && value !== 'any') return "Satisfy either 'any' or 'all'.";
  cmd.dir.satisfy ??= [];
  cmd.dir.satisfy.push({ scope: methodScope(cmd), value });
  return undefined;
}

function allowOrDeny(list: 'allow' | 'deny'): (cmd: Cmd, from: string, word: string) => ApplyResult {
  return (cmd, from, word) => {
    if (from.toLowerCase() !== 'from') return "allow and deny must be followed by 'from'";
    const value = parseWho(word);
    if (typeof value === 'string') return value;
    cmd.dir[list] ??= [];
    cmd.dir[list].push({ scope: methodScope(cmd), value });
    return undefined;
  };
}

/** One word behind `from`, or httpd's words for what is wrong with it (allow_cmd). */
export function parseWho(word: string): Who | string {
  if (word.includes('#')) return 'No comments are allowed here';
  const lower = word.toLowerCase();
  if (lower.startsWith('env=!')) return { kind: 'env', name: word.slice(5), isSet: false };
  if (lower.startsWith('env=')) return { kind: 'env', name: word.slice(4), isSet: true };
  if (lower === 'all') return { kind: 'all' };
  const slash = word.indexOf('/');
  try {
    const subnet =
      slash < 0 ? createIpSubnet(word) : createIpSubnet(word.slice(0, slash), word.slice(slash + 1));
    return { kind: 'ip', subnet };
  } catch (error) {
    if (!(error instanceof CidrError)) throw error;
    if (error.code !== 'EINVAL') return error.message;
    // What does not look like an address is a name, unless a mask stands behind it.
    return slash < 0 ? { kind: 'host', domain: word } : 'An IP address was expected';
  }
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'order',
    shape: 'TAKE1',
    where: OR_LIMIT,
    usage: "'allow,deny', 'deny,allow', or 'mutual-failure'",
    apply: order,
  },
  {
    name: 'allow',
    shape: 'ITERATE2',
    where: OR_LIMIT,
    usage: "'from' followed by hostnames or IP-address wildcards",
    apply: allowOrDeny('allow'),
  },
  {
    name: 'deny',
    shape: 'ITERATE2',
    where: OR_LIMIT,
    usage: "'from' followed by hostnames or IP-address wildcards",
    apply: allowOrDeny('deny'),
  },
  {
    name: 'Satisfy',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: "access policy if both allow and require used ('all' or 'any')",
    apply: satisfy,
  },
];

/** What was said last for a method. */
function lastFor<T>(list: readonly Scoped<T>[] | undefined, method: string): T | undefined {
  if (list === undefined) return undefined;
  for (let i = list.length - 1; i >= 0; i--) {
    const { scope, value } = list[i] as Scoped<T>;
    if (scope.includes(method)) return value;
  }
  return undefined;
}

/** Whether any entry for the request's method is about this client (find_allowdeny). */
function isMeant(r: Request, list: readonly Scoped<Who>[] | undefined): boolean | Promise<boolean> {
  if (list === undefined) return false;
  for (let i = 0; i < list.length; i++) {
    const { scope, value } = list[i] as Scoped<Who>;
    if (!scope.includes(r.method)) continue;
    if (value.kind === 'host') return isMeantByName(r, list, i);
    if (isClient(r, value, undefined)) return true;
  }
  return false;
}

/** From the first entry on that needs the client's name. */
function isMeantByName(r: Request, list: readonly Scoped<Who>[], from: number): boolean | Promise<boolean> {
  const name = clientHostName(r);
  return name instanceof Promise
    ? name.then((found) => isOneMeant(r, list, from, found))
    : isOneMeant(r, list, from, name);
}

function isOneMeant(
  r: Request,
  list: readonly Scoped<Who>[],
  from: number,
  name: string | undefined,
): boolean {
  for (let i = from; i < list.length; i++) {
    const { scope, value } = list[i] as Scoped<Who>;
    if (scope.includes(r.method) && isClient(r, value, name)) return true;
  }
  return false;
}

function isClient(r: Request, who: Who, name: string | undefined): boolean {
  switch (who.kind) {
    case 'all':
      return true;
    case 'env':
      return (r.getEnv(who.name) !== undefined) === who.isSet;
    case 'ip':
      return who.subnet.matches(clientIp(r));
    case 'host':
      return name !== undefined && isInDomain(who.domain, name);
  }
}

/** Whether Order lets a client pass that Allow and Deny mean or do not mean (check_dir_access). */
export function mayPass(how: Order, isAllowed: boolean, isDenied: boolean): boolean {
  return how === 'deny,allow' ? isAllowed || !isDenied : isAllowed && !isDenied;
}

function checkAccess(r: Request): Answer {
  const conf = modAccessCompat.dir(r);
  if (conf.order === undefined && conf.allow === undefined && conf.deny === undefined) return OK;
  const how = lastFor(conf.order, r.method) ?? 'deny,allow';
  const isAllowed = isMeant(r, conf.allow);
  const isDenied = isMeant(r, conf.deny);
  if (typeof isAllowed === 'boolean' && typeof isDenied === 'boolean')
    return answer(r, mayPass(how, isAllowed, isDenied));
  return Promise.all([isAllowed, isDenied]).then(([allowed, denied]) =>
    answer(r, mayPass(how, allowed, denied)),
  );
}

function answer(r: Request, passes: boolean): number {
  if (passes) return OK;
  const what = r.filename ?? `uri ${r.uri}`;
  logRequest(r, 'access_compat', Level.error, 'AH01797', `client denied by server configuration: ${what}`);
  return 403;
}

function satisfies(r: Request): 'all' | 'any' {
  return lastFor(modAccessCompat.dir(r).satisfy, r.method) ?? 'all';
}

export const modAccessCompat = defineModule<object, DirConf>({
  name: 'access_compat_module',
  file: 'mod_access_compat.c',
  directives: rows,
  hooks: { accessChecker: checkAccess, satisfies },
});

/**
 * What httpd says nothing of and nobody can have meant: parameters of a worker that no request is sent to, and a unix socket without what is
 * spoken there. Found when the whole configuration has been read; warnings of our own, without an AH number.
 */
import type { ConfigNode } from '../../../config/tree.ts';
import { getWord } from '../../../config/words.ts';
import type { Configuration } from '../../../core/configuration.ts';
import type { ProxyServerConf, TunedWorker } from '../shared/config.ts';
import type { Worker } from '../shared/worker.ts';

const URL = /[a-z][a-z0-9+.-]*:\/\/[^\s"'|>]*/gi;
/** They give parameters or settings, and send nobody anywhere. */
const NAMING_ONLY: ReadonlySet<string> = new Set(['<proxy', '<proxymatch', 'proxyset', 'proxypassreverse']);

/** The URLs that a configuration sends requests to, as far as it says. */
interface Targets {
  readonly urls: string[];
  /** Schemes of URLs whose host is made of variables. */
  readonly dynamicSchemes: Set<string>;
  /** .htaccess files may name others. */
  allowsMore: boolean;
}

function collectTargets(nodes: readonly ConfigNode[], targets: Targets): void {
  for (const node of nodes) {
    if (NAMING_ONLY.has(node.key)) continue;
    if (node.key === 'allowoverride' && !/^"?none"?$/i.test(node.args)) targets.allowsMore = true;
    for (const [url] of node.args.matchAll(URL)) {
      const colon = url.indexOf(':');
      const slash = url.indexOf('/', colon + 3);
      const end = slash < 0 ? url.length : slash;
      const authority = url.slice(0, end).toLowerCase();
      if (/[$%]/.test(authority)) targets.dynamicSchemes.add(authority.slice(0, colon));
      else targets.urls.push(authority + url.slice(end));
    }
    if (node.children !== undefined) collectTargets(node.children, targets);
  }
}

function isSentTo({ name, isPattern }: Worker, { urls }: Targets): boolean {
  return isPattern || urls.some((url) => url.startsWith(name) || name.startsWith(url) || `${url}/` === name);
}

type Advised = Pick<Configuration, 'tree' | 'problems'>;

/** @param confs of all servers; those of virtual hosts may repeat the main server's. */
export function adviseOnProxying(configuration: Advised, confs: readonly Readonly<ProxyServerConf>[]): void {
  adviseOnSockets(configuration, configuration.tree);
  const tuned = new Map<ConfigNode, TunedWorker>();
  for (const conf of confs) for (const one of conf.tuned ?? []) tuned.set(one.node, one);
  if (tuned.size === 0 || confs.some(({ isForward }) => isForward === true)) return;
  const targets: Targets = { urls: [], dynamicSchemes: new Set(), allowsMore: false };
  collectTargets(configuration.tree, targets);
  const told = new Set<Worker>();
  for (const { worker, node } of tuned.values()) {
    if (told.has(worker) || targets.dynamicSchemes.has(worker.scheme) || isSentTo(worker, targets)) continue;
    const others = targets.urls.filter((url) => url.startsWith(`${worker.scheme}://`));
    if (others.length === 0 && targets.allowsMore) continue;
    told.add(worker);
    const [other] = others;
    configuration.problems.add({
      code: 'AL1301',
      severity: 'warning',
      message: `${node.name} sets parameters of ${worker.name}, but nothing here sends requests there`,
      span: node.span,
      hint:
        other === undefined
          ? 'name it in a ProxyPass, SetHandler or RewriteRule'
          : `requests go to ${other}: write that after <Proxy, or as the first word of ProxySet; the socket before | does not count`,
    });
  }
}

/** SetHandler "proxy:unix:/path": nobody knows what to speak there. */
function adviseOnSockets(configuration: Advised, nodes: readonly ConfigNode[]): void {
  for (const { key, name, args, argsSpan, children } of nodes) {
    if (children !== undefined) adviseOnSockets(configuration, children);
    if (key !== 'sethandler' && key !== 'addhandler') continue;
    const [handler] = getWord(args);
    if (!/^proxy:unix:[^|]*$/i.test(handler)) continue;
    configuration.problems.add({
      code: 'AL1302',
      severity: 'warning',
      message: `${name} ${handler} does not say what is spoken on the socket`,
      span: argsSpan,
      hint: `write "${handler}|fcgi://localhost"`,
    });
  }
}

/** Rows that make balancers and say what holds for all of them: BalancerMember, BalancerGrowth, BalancerPersist, BalancerInherit, ProxyPassInherit. */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import { getWord } from '../../../config/words.ts';
import { type Balancer, defineBalancer, findBalancer } from '../shared/balancer.ts';
import { LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import type { ProxyDirConf, ProxyServerConf } from '../shared/config.ts';
import { healthChecksOf } from '../shared/health-check.ts';
import { splitSocket } from '../shared/url.ts';
import { defineWorker, findWorker, type Worker } from '../shared/worker.ts';
import { isWorkerOption } from '../shared/worker-options.ts';

type Cmd = Command<ProxyServerConf, ProxyDirConf>;
type Row = AnyRow<ProxyServerConf, ProxyDirConf>;

/** The balancer of a URL, made where there is none; a text says what is wrong with the URL. */
export function findOrAddBalancer(cmd: Cmd, url: string): Balancer | string {
  const { server } = cmd;
  const known = findBalancer(server.balancers, url);
  if (known !== undefined) return known;
  const balancer = defineBalancer(url);
  if (typeof balancer === 'string') return balancer;
  server.balancers ??= [];
  server.balancers.push(balancer);
  return balancer;
}

/** Sets a balancer's parameter; methods are those of the modules in force. */
export function setBalancerParameter(
  cmd: Cmd,
  balancer: Balancer,
  key: string,
  value: string,
): string | undefined {
  return balancer.setOption(
    key,
    value,
    (name) => cmd.providers.find(LB_METHODS, name) as LbMethod | undefined,
  );
}

/** Sets a worker's parameter; those that mod_proxy does not know may be mod_proxy_hcheck's. */
export function setWorkerParameter(cmd: Cmd, worker: Worker, key: string, value: string): string | undefined {
  const checks = isWorkerOption(key) ? undefined : healthChecksOf(cmd.providers);
  if (checks !== undefined) return checks.setParameter(cmd.serverConfigs, worker, key, value);
  return worker.setOption(key, value);
}

interface MemberWords {
  balancer: string | undefined;
  member: string | undefined;
  readonly params: Map<string, [key: string, value: string]>;
}

function readMemberWords(cmd: Cmd, args: string): MemberWords | string {
  const isInside = cmd.path !== undefined;
  const words: MemberWords = { balancer: cmd.path, member: undefined, params: new Map() };
  for (let rest = args; rest !== ''; ) {
    const [word, more] = getWord(rest);
    rest = more;
    const equals = word.indexOf('=');
    if (equals >= 0) {
      const key = word.slice(0, equals);
      words.params.set(key.toLowerCase(), [key, word.slice(equals + 1)]);
    } else if (words.balancer === undefined) {
      words.balancer = word;
    } else if (words.member === undefined) {
      words.member = word;
    } else if (isInside) {
      return 'BalancerMember can not have a balancer name when defined in a location';
    } else {
      return "Invalid BalancerMember parameter. Parameter must be in the form 'key=value'";
    }
  }
  return words;
}

/** add_member() of mod_proxy.c. */
function balancerMember(cmd: Cmd, args: string): ApplyResult {
  const words = readMemberWords(cmd, args);
  if (typeof words === 'string') return words;
  if (words.balancer === undefined)
    return 'BalancerMember must define balancer name when outside <Proxy > section';
  if (words.member === undefined) return 'BalancerMember must define remote proxy server';
  const split = splitSocket(words.member);
  if (split === undefined) return 'BalancerMember uses an invalid "unix:" URL';
  const balancer = findOrAddBalancer(cmd, words.balancer);
  if (typeof balancer === 'string') return `BalancerMember ${balancer}`;
  const known = findWorker(balancer.members, split.url);
  if (known !== undefined) {
    for (const [key, value] of words.params.values()) {
      cmd.warn(
        `AH01150: Ignoring parameter '${key}=${value}' for worker '${known.shownName}' because of worker sharing`,
      );
    }
    return undefined;
  }
  const worker = defineWorker(words.member, cmd.enclosing[0] === '<proxymatch');
  if (typeof worker === 'string') return missingScheme(`BalancerMember ${worker}`, words.member);
  worker.isMember = true;
  balancer.members.push(worker);
  for (const [key, value] of words.params.values()) {
    const wrong = setWorkerParameter(cmd, worker, key, value);
    if (wrong !== undefined) return `BalancerMember ${wrong}`;
  }
  return undefined;
}

/** A socket alone does not say what is spoken there. */
export function missingScheme(message: string, url: string): ApplyResult {
  if (!/^unix:[^|]*$/i.test(url)) return message;
  return { message, hint: `say what is spoken there: ${url}|fcgi://localhost/` };
}

function row(name: string, usage: string, apply: (cmd: Cmd, on: boolean) => void): Row {
  return { name, shape: 'FLAG', where: RSRC_CONF, usage, apply: (cmd, on) => void apply(cmd, on) };
}

export const balancerRows: readonly Row[] = [
  {
    name: 'BalancerMember',
    shape: 'RAW_ARGS',
    where: RSRC_CONF | ACCESS_CONF,
    usage: 'A balancer name and scheme with list of params',
    apply: balancerMember,
  },
  {
    name: 'BalancerGrowth',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Number of additional Balancers that can be added post-config',
    apply(_cmd, value) {
      const growth = atoi(value);
      if (growth < 0 || growth > 1000) return 'BalancerGrowth must be between 0 and 1000';
      return undefined;
    },
    noEffect: 'the manager adds members to balancers, and no balancers',
  },
  row(
    'BalancerPersist',
    'on if the balancer should persist changes on reboot/restart made via the Balancer Manager',
    (cmd, on) => {
      cmd.server.persistsBalancers = on;
    },
  ),
  row(
    'BalancerInherit',
    'on if this server should inherit Balancers and Workers defined in the main server (Setting to off recommended if using the Balancer Manager)',
    (cmd, on) => {
      cmd.server.inheritsBalancers = on;
    },
  ),
  row(
    'ProxyPassInherit',
    'on if this server should inherit all ProxyPass directives defined in the main server (Setting to off recommended if using the Balancer Manager)',
    (cmd, on) => {
      cmd.server.inheritsPass = on;
    },
  ),
];

/** The directives of mod_remoteip. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AnyRow, type ApplyResult, type Command, RSRC_CONF } from '../../../config/directive.ts';
import { getWord } from '../../../config/words.ts';
import { errorText, failureOf, fsPath } from '../../../core/files.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { CidrError, createIpSubnet, parseSubnet } from '../../../lib/cidr.ts';
import type { RemoteipServerConf } from './conf.ts';

type Cmd = Command<RemoteipServerConf, object>;

/** Longer than any resolver asks on. */
const LOOKUP_TIMEOUT = 30_000;
/** Node.js looks names up only while its loop runs, and a configuration is read in one go. */
const LOOKUP = `require('node:dns').lookup(process.argv[1], { all: true }, (error, all) => {
  if (error) process.exit(1);
  console.log(JSON.stringify(all.map((one) => one.address)));
});`;

function addressesOf(name: string): readonly string[] | undefined {
  try {
    const options = { timeout: LOOKUP_TIMEOUT, stdio: ['ignore', 'pipe', 'ignore'] as const };
    const output = execFileSync(process.execPath, ['-e', LOOKUP, '--', name], {
      ...options,
      stdio: [...options.stdio],
    });
    return JSON.parse(output.toString()) as string[];
  } catch {
    return undefined;
  }
}

/** proxies_set(): an address, a network or a name. A text says what is wrong with it. */
function addProxy(cmd: Cmd, word: string, isInternal: boolean): ApplyResult {
  const slash = word.indexOf('/');
  const host = slash < 0 ? word : word.slice(0, slash);
  const mask = slash < 0 ? undefined : word.slice(slash + 1);
  const { name } = cmd.node;
  const add = (address: string): void => {
    const subnet = createIpSubnet(address, mask);
    (cmd.server.proxies ??= []).push({ subnet, isInternal });
  };
  const looksLikeAddress = /^[0-9.:]*$/.test(host);
  if (!looksLikeAddress && mask !== undefined && !host.includes(':'))
    return `RemoteIP: Error parsing IP ${word} the subnet /${mask} is invalid for ${name}`;
  try {
    if (looksLikeAddress || host.includes(':')) {
      add(host);
      return undefined;
    }
  } catch (error) {
    if (!(error instanceof CidrError)) throw error;
    return `RemoteIP: Error parsing IP ${word} (${error.message} error) for ${name}`;
  }
  const addresses = addressesOf(host);
  if (addresses === undefined)
    return `RemoteIP: Error parsing IP ${word} (Name or service not known error) for ${name}`;
  for (const address of addresses) add(address);
  return undefined;
}

/** proxylist_read() */
function addList(cmd: Cmd, file: string, isInternal: boolean): ApplyResult {
  const path = cmd.serverRootRelative(file);
  let text: string;
  try {
    text = readFileSync(fsPath(path), 'latin1');
  } catch (error) {
    const reason = errorText(failureOf(error))?.replace(/^\(\d+\)/, '') ?? 'Bad file descriptor';
    return `${cmd.node.name}: Could not open file ${path}: ${reason}`;
  }
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i] as string;
    while (line.endsWith('\\') && i + 1 < lines.length) line = line.slice(0, -1) + (lines[++i] as string);
    for (
      let [word, rest] = getWord(line);
      word !== '' && !word.startsWith('#');
      [word, rest] = getWord(rest)
    ) {
      const problem = addProxy(cmd, word, isInternal);
      if (typeof problem === 'string') return `${problem} at line ${i + 1} of ${path}`;
    }
  }
  return undefined;
}

/** The main server's, where what concerns connections is kept. */
type Shared = Pick<RemoteipServerConf, 'switches' | 'exceptions'>;

function shared(cmd: Cmd, index: () => number): Shared {
  const { slots, touched } = cmd.mainServer;
  touched.add(index());
  slots[index()] ??= {};
  return slots[index()] as Shared;
}

function addExceptions(conf: Shared, words: readonly string[]): ApplyResult {
  if (words.length === 0) return 'RemoteIPProxyProtocolExceptions requires an argument';
  for (const word of words) {
    try {
      conf.exceptions = [...(conf.exceptions ?? []), parseSubnet(word)];
    } catch (error) {
      if (!(error instanceof CidrError)) throw error;
      // The mask is cut off where it is wrong.
      const slash = word.indexOf('/');
      return slash < 0 ? error.message : error.message.replace(`'${word}'`, `'${word.slice(0, slash)}'`);
    }
  }
  return undefined;
}

function proxyRow(name: string, usage: string, isInternal: boolean): AnyRow<RemoteipServerConf, object> {
  return {
    name,
    shape: 'ITERATE',
    where: RSRC_CONF,
    usage,
    apply: (cmd, word) => addProxy(cmd, word, isInternal),
  };
}

function listRow(name: string, kind: string, isInternal: boolean): AnyRow<RemoteipServerConf, object> {
  return {
    name,
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: `The filename to read the list of ${isInternal ? 'internal' : 'trusted'} proxies, see the ${kind} directive`,
    apply: (cmd, file) => addList(cmd, file, isInternal),
  };
}

/** @param index the module's slot. */
export function remoteipRows(index: () => number): readonly AnyRow<RemoteipServerConf, object>[] {
  return [
    {
      name: 'RemoteIPHeader',
      shape: 'TAKE1',
      where: RSRC_CONF,
      usage: 'Specifies a request header to trust as the client IP, e.g. X-Forwarded-For',
      apply: (cmd, name) => void (cmd.server.header = name),
    },
    {
      name: 'RemoteIPProxiesHeader',
      shape: 'TAKE1',
      where: RSRC_CONF,
      usage:
        "Specifies a request header to record proxy IP's, e.g. X-Forwarded-By; if not given then do not record",
      apply: (cmd, name) => void (cmd.server.proxiesHeader = name),
    },
    proxyRow(
      'RemoteIPTrustedProxy',
      'Specifies one or more proxies which are trusted to present IP headers',
      false,
    ),
    proxyRow(
      'RemoteIPInternalProxy',
      'Specifies one or more internal (transparent) proxies which are trusted to present IP headers',
      true,
    ),
    listRow('RemoteIPTrustedProxyList', 'RemoteIPTrustedProxy', false),
    listRow('RemoteIPInternalProxyList', 'RemoteIPInternalProxy', true),
    {
      name: 'RemoteIPProxyProtocol',
      shape: 'FLAG',
      where: RSRC_CONF,
      usage: "Enable PROXY protocol handling ('on', 'off')",
      apply: (cmd, isOn) => {
        const conf = shared(cmd, index);
        conf.switches = [...(conf.switches ?? []), { server: cmd.serverConfigs as VirtualServer, isOn }];
        return undefined;
      },
    },
    {
      name: 'RemoteIPProxyProtocolExceptions',
      shape: 'TAKE_ARGV',
      where: RSRC_CONF,
      usage: 'Disable PROXY protocol handling for this list of networks in CIDR format',
      apply: (cmd, words) => addExceptions(shared(cmd, index), words),
    },
  ];
}

/** Directives of mod_auth_digest. */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { type ProviderList, providerRow } from '../../../core/authn.ts';
import { CLIENT_BYTES } from './clients.ts';

export interface ServerConf {
  /** AuthDigestShmemSize in bytes. */
  shmemSize?: number;
}

export interface DirConf {
  providers?: ProviderList;
  /** Seconds; 0: a nonce serves once; less: for ever. */
  nonceLifetime?: number;
  checksCount?: boolean;
  /** URIs of AuthDigestDomain, a blank between. */
  domain?: string;
}
type Cmd = Command<ServerConf, DirConf>;

function setLifetime(cmd: Cmd, text: string): ApplyResult {
  const parsed = /^[\t-\r ]*([+-]?\d+|$)(?=$|[\t-\r ])/.exec(text);
  if (parsed === null) return `Invalid time in AuthDigestNonceLifetime: ${text}`;
  cmd.dir.nonceLifetime = Math.max(-1, Math.min(Number(parsed[1]), Number.MAX_SAFE_INTEGER));
  return undefined;
}

/** Digits, and one of K and M behind them; what follows those is not looked at. */
export function parseShmemSize(text: string): number | string {
  const parsed = /^[\t-\r ]*([+-]?\d+)(.?)/s.exec(text);
  const unit = parsed?.[2] ?? '';
  if (parsed === null || !/^[kKmM\t-\r ]?$/.test(unit)) return `Invalid size in AuthDigestShmemSize: ${text}`;
  const factor = /k/i.test(unit) ? 1024 : /m/i.test(unit) ? 1024 * 1024 : 1;
  const size = Number(parsed[1]) * factor;
  return size < CLIENT_BYTES ? `size in AuthDigestShmemSize too small: ${size} < ${CLIENT_BYTES}` : size;
}

export const rows: readonly AnyRow<ServerConf, DirConf>[] = [
  providerRow('AuthDigestProvider', 'Digest'),
  {
    name: 'AuthDigestQop',
    shape: 'ITERATE',
    where: OR_AUTHCFG,
    usage: 'A list of quality-of-protection options',
    apply: (_cmd, word) =>
      word.toLowerCase() === 'auth' ? undefined : "AuthDigestQop is deprecated: only 'auth' is supported",
  },
  {
    name: 'AuthDigestNonceLifetime',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'Maximum lifetime of the server nonce (seconds)',
    apply: setLifetime,
  },
  {
    name: 'AuthDigestNcCheck',
    shape: 'FLAG',
    where: OR_AUTHCFG,
    usage: 'Whether or not to check the nonce-count sent by the client',
    apply: (cmd, on) => void (cmd.dir.checksCount = on),
  },
  {
    name: 'AuthDigestAlgorithm',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage: 'The algorithm used for the hash calculation',
    apply: (_cmd, word) =>
      word.toLowerCase() === 'md5' ? undefined : `Unsupported algorithm in AuthDigestAlgorithm: ${word}`,
  },
  {
    name: 'AuthDigestDomain',
    shape: 'ITERATE',
    where: OR_AUTHCFG,
    usage: "A list of URI's which belong to the same protection space as the current URI",
    apply: (cmd, uri) =>
      void (cmd.dir.domain = cmd.dir.domain === undefined ? uri : `${cmd.dir.domain} ${uri}`),
  },
  {
    name: 'AuthDigestShmemSize',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'The amount of shared memory to allocate for keeping track of clients',
    apply(cmd, text) {
      const size = parseShmemSize(text);
      if (typeof size === 'string') return size;
      cmd.server.shmemSize = size;
      return undefined;
    },
  },
];

/**
 * mod_auth_digest: HTTP Digest authentication (RFC 7616 with MD5 and `auth`, which is all that httpd knows of it; modules/aaa/mod_auth_digest.c).
 * Nonces are good in the process that made them; AuthDigestShmemSize bounds how many clients are remembered.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { authName, authType, escapeQuotes } from '../../../core/authentication.ts';
import { findRealmHash, handledStatus, providersInForce } from '../../../core/authn.ts';
import type { Configuration } from '../../../core/configuration.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { RealmHash } from '../../../core/providers.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { clientsIn, type DigestClient, DigestClients } from './clients.ts';
import { type DirConf, rows, type ServerConf } from './conf.ts';
import { type DigestField, hexNumber, NONCE_TIME_LENGTH, parseDigest } from './field.ts';
import { hashOf, isOwnNonce, makeNonce, nextSerial, stampOf } from './nonces.ts';
import { matchUri } from './uri-match.ts';

const DEFAULT_LIFETIME = 300;
const DEFAULT_SHMEM_SIZE = 1000;
/** A nonce that ends within so many seconds has its successor sent along. */
const NEXT_NONCE_BEFORE = 30;
const SECOND = 1_000_000n;

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'auth_digest', level, tag, message);

/** What is known of the request's credentials; kept with the request the client sent, for all that are made from it. */
interface DigestState {
  readonly sent: DigestField | { readonly scheme: string } | 'invalid' | 'none';
  readonly client: DigestClient | undefined;
  /** Set when the password was right: what Authentication-Info proves. */
  ha1: string | undefined;
}

const tables = new WeakMap<Configuration, DigestClients>();

/** One table for all servers, of the size that was asked for last. */
function clientsFor({ configuration }: Request): DigestClients {
  let clients = tables.get(configuration);
  if (clients === undefined) {
    let size = DEFAULT_SHMEM_SIZE;
    for (const server of [configuration.main, ...configuration.virtualServers])
      size = modAuthDigest.server(server).shmemSize ?? size;
    clients = new DigestClients(clientsIn(size));
    tables.set(configuration, clients);
  }
  return clients;
}

function isDigest(type: string | undefined): boolean {
  return type !== undefined && type.toLowerCase() === 'digest';
}

function isField(sent: DigestState['sent']): sent is DigestField {
  return typeof sent === 'object' && 'nonce' in sent;
}

function stateOf(r: Request): DigestState {
  const known = r.getState(modAuthDigest.index) as DigestState | undefined;
  if (known !== undefined) return known;
  const name = r.proxyRequest === 'forward' ? 'proxy-authorization' : 'authorization';
  const value = r.headersIn.getJoined(name);
  const sent = value === undefined ? 'none' : parseDigest(value);
  const state: DigestState = { sent, client: clientOf(r, sent), ha1: undefined };
  r.setState(modAuthDigest.index, state);
  return state;
}

function clientOf(r: Request, sent: DigestState['sent']): DigestClient | undefined {
  const id = isField(sent) ? opaqueNumber(sent.opaque) : 0;
  if (id === 0) return undefined;
  const client = clientsFor(r).find(id);
  const [tag, found] = client === undefined ? ['AH01765', 'not found'] : ['AH01764', 'found'];
  log(r, Level.debug, tag, `client ${id} ${found}`);
  return client;
}

/** strtol() of what the client sent for an opaque: 0 is none of ours. */
function opaqueNumber(opaque: string | undefined): number {
  const digits = /^[0-9a-fA-F]{1,12}/.exec(opaque ?? '')?.[0];
  return digits === undefined ? 0 : Number.parseInt(digits, 16);
}

function lifetimeOf(conf: DirConf): number {
  return conf.nonceLifetime ?? DEFAULT_LIFETIME;
}

function remembersClients(conf: DirConf): boolean {
  return conf.checksCount === true || conf.nonceLifetime === 0;
}

function now(r: Request): bigint {
  return BigInt(Math.round(r.requestTime * 1000));
}

function newNonce(r: Request, conf: DirConf, realm: string, opaque: string | undefined): string {
  return makeNonce(conf.nonceLifetime === 0 ? nextSerial() : now(r), realm, opaque);
}

/** The challenge of RFC 7616 section 3.3; its parts in httpd's order. Answers 401. */
function challenge(r: Request, state: DigestState, isStale = false): number {
  const conf = modAuthDigest.dir(r);
  const realm = authName(r) ?? '';
  const sentOpaque = isField(state.sent) ? state.sent.opaque : undefined;
  let { client } = state;
  let stale = isStale;
  if (client === undefined && (sentOpaque !== undefined || remembersClients(conf))) {
    client = clientsFor(r).add();
    log(r, Level.debug, 'AH01768', `allocated new client ${client.id}`);
    if (sentOpaque !== undefined) stale = true;
  }
  const opaque = client?.id.toString(16);
  const nonce = newNonce(r, conf, realm, opaque);
  let field = `Digest realm="${realm}", nonce="${nonce}", algorithm=MD5`;
  if (opaque !== undefined) field += `, opaque="${opaque}"`;
  if (r.proxyRequest === 'none' && conf.domain !== undefined) field += `, domain="${conf.domain}"`;
  if (stale) field += ', stale=true';
  field += ', qop="auth"';
  r.errHeadersOut.merge(r.proxyRequest === 'forward' ? 'Proxy-Authenticate' : 'WWW-Authenticate', field);
  return 401;
}

function noteFailure(r: Request): void {
  if (isDigest(authType(r))) challenge(r, stateOf(r.initial));
}

function authenticate(r: Request): Answer {
  if (!isDigest(authType(r))) return DECLINED;
  const realm = authName(r);
  if (realm === undefined) {
    log(r, Level.error, 'AH01780', `need AuthName: ${r.uri}`);
    return 500;
  }
  const state = stateOf(r.initial);
  const { sent } = state;
  if (!isField(sent)) {
    if (sent === 'invalid') {
      const what = 'missing user, realm, nonce, uri, digest, cnonce, or nonce_count in authorization header';
      log(r, Level.error, 'AH01782', `${what}: ${r.uri}`);
    } else if (sent !== 'none') {
      log(r, Level.error, 'AH01781', `client used wrong authentication scheme \`${sent.scheme}': ${r.uri}`);
    }
    return challenge(r, state);
  }
  r.user = sent.username;
  r.authType = 'Digest';
  const misfit = checkUri(r, sent) ?? checkWords(r, state, sent, realm);
  if (misfit !== undefined) return misfit;
  const providers = providersInForce(r, modAuthDigest.dir(r).providers);
  if (providers === undefined) {
    log(r, Level.error, 'AH01770', 'No Authn provider configured');
    return 500;
  }
  const stored = findRealmHash(r, providers, sent.username, realm);
  if (stored instanceof Promise) return stored.then((late) => checkAnswer(r, state, sent, realm, late));
  return checkAnswer(r, state, sent, realm, stored);
}

function checkUri(r: Request, sent: DigestField): number | undefined {
  const { initial } = r;
  switch (matchUri(initial, sent.uri)) {
    case 'same':
      return undefined;
    case 'invalid':
      log(r, Level.error, 'AH01783', `invalid uri <${sent.uri}> in Authorization header`);
      return 400;
    case 'other': {
      const tag = r.method === 'CONNECT' ? 'AH01785' : 'AH01786';
      const what = `<${sent.uri}> does not match request-uri <${initial.unparsedUri}>`;
      log(r, Level.error, tag, `uri mismatch - ${what}`);
      return 400;
    }
  }
}

function checkWords(r: Request, state: DigestState, sent: DigestField, realm: string): number | undefined {
  if (sent.opaque !== undefined && opaqueNumber(sent.opaque) === 0) {
    log(r, Level.error, 'AH01787', `received invalid opaque - got \`${sent.opaque}'`);
    return challenge(r, state);
  }
  if (sent.realm !== realm) {
    log(r, Level.error, 'AH01788', `realm mismatch - got \`${sent.realm}' but expected \`${realm}'`);
    return challenge(r, state);
  }
  if (sent.algorithm !== undefined && sent.algorithm.toLowerCase() !== 'md5') {
    log(r, Level.error, 'AH01789', `unknown algorithm \`${sent.algorithm}' received: ${r.uri}`);
    return challenge(r, state);
  }
  return undefined;
}

const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');

/** The response of RFC 7616 section 3.4.1; with no method, that of rspauth (section 3.5). */
export function digestResponse(ha1: string, sent: DigestField, method: string): string {
  const ha2 = md5(`${method}:${sent.uri}`);
  return md5(`${ha1}:${sent.nonce}:${sent.nonceCount}:${sent.cnonce}:${sent.qop}:${ha2}`);
}

function checkAnswer(
  r: Request,
  state: DigestState,
  sent: DigestField,
  realm: string,
  stored: RealmHash,
): number {
  if (typeof stored === 'string') return refusalOf(r, state, sent, realm, stored);
  if (sent.qop?.toLowerCase() !== 'auth') {
    const what = `invalid or missing qop value '${sent.qop ?? '(null)'}', RFC 2069 is no longer supported`;
    log(r, Level.error, 'AH10560', `${what}: ${r.uri}`);
    return challenge(r, state);
  }
  const expected = Buffer.from(digestResponse(stored.hash, sent, r.initial.method), 'latin1');
  const given = Buffer.from(sent.response, 'latin1');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    log(r, Level.error, 'AH01794', `user ${sent.username}: password mismatch: ${r.uri}`);
    return challenge(r, state);
  }
  // A sub-request or redirect of a request that has passed: its nonce has been used by that one.
  if (state.ha1 !== undefined) return OK;
  // Last of all, so that `stale` is said only to those who know the password.
  const status = checkNonce(r, state, sent, realm) ?? checkCount(r, state, sent);
  if (status !== undefined) return status;
  state.ha1 = stored.hash;
  return OK;
}

function refusalOf(
  r: Request,
  state: DigestState,
  sent: DigestField,
  realm: string,
  answer: Exclude<RealmHash, { hash: string }>,
): number {
  const who = `user \`${sent.username}' in realm \`${realm}'`;
  switch (answer) {
    case 'user-not-found':
      log(r, Level.error, 'AH01790', `${who} not found: ${r.uri}`);
      return challenge(r, state);
    case 'denied':
      log(r, Level.error, 'AH01791', `${who} denied by provider: ${r.uri}`);
      return challenge(r, state);
    case 'handled':
      return handledStatus(r);
    case 'general-error':
      return 500;
  }
}

function checkNonce(r: Request, state: DigestState, sent: DigestField, realm: string): number | undefined {
  const conf = modAuthDigest.dir(r);
  const { nonce, opaque } = sent;
  const { client } = state;
  if (!isOwnNonce(nonce, realm, opaque)) {
    const right = hashOf(nonce.slice(0, NONCE_TIME_LENGTH), realm, opaque);
    log(r, Level.error, 'AH01776', `invalid nonce ${nonce} received - hash is not ${right}`);
    return challenge(r, state, true);
  }
  const lifetime = lifetimeOf(conf);
  if (lifetime > 0) {
    const age = now(r.initial) - stampOf(nonce);
    if (age < 0n) {
      log(r, Level.error, 'AH01777', `invalid nonce ${nonce} received - user attempted time travel`);
      return challenge(r, state, true);
    }
    if (age > BigInt(lifetime) * SECOND) {
      const seconds = (Number(age) / 1e6).toFixed(2);
      const limit = `max lifetime ${lifetime.toFixed(2)}`;
      const what = `nonce expired (${seconds} seconds old - ${limit}) - sending new nonce`;
      log(r, Level.info, 'AH01778', `user ${r.user}: ${what}`);
      return challenge(r, state, true);
    }
  }
  if (remembersClients(conf) && client === undefined) {
    const what = `client ${opaqueNumber(opaque)} is no longer known - sending new nonce`;
    log(r, Level.info, 'AH10618', what);
    return challenge(r, state, true);
  }
  if (lifetime === 0 && client !== undefined && stampOf(nonce) <= client.stamp) {
    log(r, Level.info, 'AH01779', `user ${r.user}: one-time-nonce ${nonce} already used - sending new nonce`);
    return challenge(r, state, true);
  }
  return undefined;
}

/** The count has to grow with every use of a nonce; once a newer nonce was used, the older one is done with. Marks the nonce as used. */
function checkCount(r: Request, state: DigestState, sent: DigestField): number | undefined {
  const { client } = state;
  if (client === undefined || r !== r.initial) return undefined;
  const { checksCount, nonceLifetime } = modAuthDigest.dir(r);
  const stamp = stampOf(sent.nonce);
  if (checksCount !== true) {
    if (nonceLifetime === 0) client.stamp = stamp;
    return undefined;
  }
  const count = hexNumber(sent.nonceCount ?? '');
  if (count === undefined) {
    log(r, Level.error, 'AH01773', `invalid nc ${sent.nonceCount} received - not a number`);
    return challenge(r, state);
  }
  if (stamp < client.stamp || (stamp === client.stamp && count <= client.count)) {
    const what = `nonce-count check failed: ${count} is not above ${client.count} for nonce ${sent.nonce}`;
    log(r, Level.error, 'AH01774', `Warning, possible replay attack: ${what}`);
    return challenge(r, state);
  }
  client.stamp = stamp;
  client.count = count;
  return undefined;
}

/** Authentication-Info (RFC 7616 section 3.5): that the server knows the password too, and the nonce to use next. */
function addInfo(r: Request): Answer {
  const state = r.getState(modAuthDigest.index) as DigestState | undefined;
  if (state?.ha1 === undefined || !isField(state.sent)) return OK;
  const { sent, client } = state;
  const conf = modAuthDigest.dir(r);
  const lifetime = lifetimeOf(conf);
  let info = `rspauth="${digestResponse(state.ha1, sent, '')}"`;
  if (lifetime > 0) {
    const left = stampOf(sent.nonce) + BigInt(lifetime) * SECOND - now(r);
    if (left < BigInt(NEXT_NONCE_BEFORE) * SECOND)
      info += `, nextnonce="${newNonce(r, conf, sent.realm, sent.opaque)}"`;
  } else if (lifetime === 0 && client !== undefined) {
    info += `, nextnonce="${newNonce(r, conf, sent.realm, client.id.toString(16))}"`;
  }
  info += `, cnonce="${escapeQuotes(sent.cnonce ?? '')}", nc=${sent.nonceCount}, qop=${sent.qop}`;
  const name = r.proxyRequest === 'forward' ? 'Proxy-Authentication-Info' : 'Authentication-Info';
  r.headersOut.merge(name, info);
  return OK;
}

export const modAuthDigest = defineModule<ServerConf, DirConf>({
  name: 'auth_digest_module',
  file: 'mod_auth_digest.c',
  directives: rows,
  // No merging: a section that says anything of Digest says all of it.
  hooks: {
    checkUserId: authenticate,
    noteAuthFailure: noteFailure,
    fixups: alikeForFiles(addInfo),
  },
  // AuthType Digest alone puts it to work.
  always: true,
});

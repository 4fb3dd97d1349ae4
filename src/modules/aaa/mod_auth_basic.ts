/** mod_auth_basic: HTTP Basic authentication (RFC 7617; modules/aaa/mod_auth_basic.c). */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type AnyRow, type ApplyResult, type Command, OR_AUTHCFG } from '../../config/directive.ts';
import { authName, authType } from '../../core/authentication.ts';
import {
  checkPassword,
  findRealmHash,
  handledStatus,
  type ProviderList,
  providerRow,
  providersInForce,
} from '../../core/authn.ts';
import { RequestExprContext } from '../../core/expression-context.ts';
import { type Answer, LAST } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { AuthnAnswer, AuthnResult, RealmHash } from '../../core/providers.ts';
import type { Request } from '../../core/request.ts';
import { alikeForFiles } from '../../core/siblings.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { compileString, ExprEvaluationError, type StringExpr } from '../../expr/index.ts';

interface DirConf {
  providers?: ProviderList;
  authoritative?: boolean;
  /** AuthBasicFake; `off` ends what holds outside. */
  fake?: { readonly user: StringExpr; readonly password: StringExpr } | 'off';
  /** AuthBasicUseDigestAlgorithm MD5. */
  usesDigest?: boolean;
}
type Cmd = Command<object, DirConf>;

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'auth_basic', level, tag, message);

function mergeDir(base: DirConf, add: DirConf): DirConf {
  return { ...base, ...add };
}

/** Without a password it is `password`, as mod_ssl's FakeBasicAuth has it. */
function setFake(cmd: Cmd, user: string, password = 'password'): ApplyResult {
  if (user.toLowerCase() === 'off') {
    cmd.dir.fake = 'off';
    return undefined;
  }
  const options = { restricted: cmd.isHtaccess };
  const userExpr = compileString(user, options);
  if (!userExpr.ok) return `Could not parse fake username expression '${user}': ${userExpr.error.message}`;
  const passwordExpr = compileString(password, options);
  if (!passwordExpr.ok) {
    return `Could not parse fake password expression associated to user '${user}': ${passwordExpr.error.message}`;
  }
  cmd.dir.fake = { user: userExpr.expr, password: passwordExpr.expr };
  return undefined;
}

function setDigestAlgorithm(cmd: Cmd, word: string): ApplyResult {
  const value = word.toLowerCase();
  if (value !== 'off' && value !== 'md5') return `Invalid algorithm in AuthBasicUseDigestAlgorithm: ${word}`;
  cmd.dir.usesDigest = value === 'md5';
  return undefined;
}

const rows: readonly AnyRow<object, DirConf>[] = [
  providerRow('AuthBasicProvider', 'Basic'),
  {
    name: 'AuthBasicAuthoritative',
    shape: 'FLAG',
    where: OR_AUTHCFG,
    usage:
      "Set to 'Off' to allow access control to be passed along to lower modules if the UserID is not known to this module",
    apply: (cmd, on) => void (cmd.dir.authoritative = on),
  },
  {
    name: 'AuthBasicFake',
    shape: 'TAKE12',
    where: OR_AUTHCFG,
    usage:
      "Fake basic authentication using the given expressions for username and password, 'off' to disable. Password defaults to 'password' if missing.",
    apply: setFake,
  },
  {
    name: 'AuthBasicUseDigestAlgorithm',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage:
      "Set to 'MD5' to use the auth provider's authentication check for digest auth, using a hash of 'user:realm:pass'",
    apply: setDigestAlgorithm,
  },
];

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Reads the value of an Authorization field; undefined when its scheme is not Basic (get_basic_auth). */
export function parseCredentials(field: string): Credentials | undefined {
  const blank = field.indexOf(' ');
  const scheme = blank < 0 ? field : field.slice(0, blank);
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = blank < 0 ? '' : field.slice(blank).replace(/^[ \t]+/, '');
  // apr_base64_decode() reads up to the first character that is none of base64's, padded or not; C strings end at a NUL.
  const encoded = /^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? '';
  const decoded = Buffer.from(encoded, 'base64').toString('latin1').split('\0', 1)[0] as string;
  const colon = decoded.indexOf(':');
  if (colon < 0) return { user: decoded, password: '' };
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function isBasic(type: string | undefined): type is string {
  return type !== undefined && type.toLowerCase() === 'basic';
}

/** The challenge of RFC 7617 section 2; the realm comes with its quotes escaped. */
function challenge(r: Request): number {
  const name = r.proxyRequest === 'forward' ? 'Proxy-Authenticate' : 'WWW-Authenticate';
  r.errHeadersOut.set(name, `Basic realm="${authName(r) ?? ''}"`);
  return 401;
}

function noteFailure(r: Request): void {
  if (isBasic(authType(r))) challenge(r);
}

function authenticate(r: Request): Answer {
  const type = authType(r);
  if (!isBasic(type)) return DECLINED;
  if (authName(r) === undefined) {
    log(r, Level.error, 'AH01615', `need AuthName: ${r.uri}`);
    return 500;
  }
  r.authType = type;
  const name = r.proxyRequest === 'forward' ? 'proxy-authorization' : 'authorization';
  const field = r.headersIn.getJoined(name);
  if (field === undefined) return challenge(r);
  const sent = parseCredentials(field);
  if (sent === undefined) {
    log(r, Level.error, 'AH01614', `client used wrong authentication scheme: ${r.uri}`);
    return challenge(r);
  }
  // Also of a user who is not let in: logs name him.
  r.user = sent.user;
  const result = askProviders(r, modAuthBasic.dir(r), sent);
  if (typeof result === 'string') return statusOf(r, sent.user, result);
  return result.then((late) => statusOf(r, sent.user, late));
}

function askProviders(r: Request, conf: DirConf, sent: Credentials): AuthnAnswer {
  const providers = providersInForce(r, conf.providers);
  if (providers === undefined) {
    log(r, Level.error, 'AH01616', 'No Authn provider configured');
    return 'general-error';
  }
  return conf.usesDigest === true
    ? compareRealmHash(r, providers, sent)
    : checkPassword(r, providers, sent.user, sent.password);
}

/** AuthBasicUseDigestAlgorithm: the store has `MD5(user:realm:password)`, as for Digest. */
function compareRealmHash(r: Request, providers: ProviderList, sent: Credentials): AuthnAnswer {
  if (providers.some((provider) => provider.realmHash === undefined)) {
    log(r, Level.error, 'AH02493', 'Authn provider does not support AuthBasicUseDigestAlgorithm');
    return 'general-error';
  }
  const realm = authName(r) ?? '';
  const compare = (stored: RealmHash): AuthnResult => {
    if (typeof stored === 'string') return stored;
    const made = createHash('md5').update(`${sent.user}:${realm}:${sent.password}`, 'latin1').digest();
    return timingSafeEqual(made, digestBytes(stored.hash)) ? 'granted' : 'denied';
  };
  const stored = findRealmHash(r, providers, sent.user, realm);
  return stored instanceof Promise ? stored.then(compare) : compare(stored);
}

/** The bytes of 32 hexadecimal digits in lower case, which is how the digests compared with are written; anything else is no digest's. */
function digestBytes(hash: string): Buffer {
  return /^[0-9a-f]{32}$/.test(hash) ? Buffer.from(hash, 'hex') : NO_DIGEST;
}
const NO_DIGEST = randomBytes(16);

function statusOf(r: Request, user: string, result: AuthnResult): number {
  if (result === 'granted') return OK;
  const { authoritative = true } = modAuthBasic.dir(r);
  if (!authoritative && result !== 'denied') return DECLINED;
  switch (result) {
    case 'denied':
      log(
        r,
        Level.error,
        'AH01617',
        `user ${user}: authentication failure for "${r.uri}": Password Mismatch`,
      );
      return challenge(r);
    case 'user-not-found':
      log(r, Level.error, 'AH01618', `user ${user} not found: ${r.uri}`);
      return challenge(r);
    case 'handled':
      return handledStatus(r);
    case 'general-error':
      return 500;
  }
}

/** Backends behind a proxy get the name and password that AuthBasicFake says. */
function fakeCredentials(r: Request): Answer {
  const { fake } = modAuthBasic.dir(r);
  if (fake === undefined || fake === 'off') return DECLINED;
  const user = evaluate(r, fake.user, 'AH02455', 'user');
  if (user === undefined) return 500;
  if (user === '') {
    log(r, Level.info, 'AH02458', `AuthBasicFake: empty username expression for URI '${r.uri}', ignoring`);
    return DECLINED;
  }
  const password = evaluate(r, fake.password, 'AH02456', 'password');
  if (password === undefined) return 500;
  if (password === '') {
    log(r, Level.info, 'AH02459', `AuthBasicFake: empty password expression for URI '${r.uri}', ignoring`);
    return DECLINED;
  }
  const field = `Basic ${Buffer.from(`${user}:${password}`, 'latin1').toString('base64')}`;
  r.headersIn.set('Authorization', field);
  log(r, Level.info, 'AH02457', `AuthBasicFake: "Authorization: ${field}"`);
  return OK;
}

function evaluate(r: Request, expr: StringExpr, tag: string, what: string): string | undefined {
  try {
    return expr.evaluate(new RequestExprContext(r));
  } catch (error) {
    if (!(error instanceof ExprEvaluationError)) throw error;
    const message = `AuthBasicFake: could not evaluate ${what} expression for URI '${r.uri}': ${error.message}`;
    log(r, Level.error, tag, message);
    return undefined;
  }
}

export const modAuthBasic = defineModule<object, DirConf>({
  name: 'auth_basic_module',
  file: 'mod_auth_basic.c',
  directives: rows,
  mergeDir,
  hooks: {
    checkUserId: authenticate,
    noteAuthFailure: noteFailure,
    fixups: { run: alikeForFiles(fakeCredentials), order: LAST },
  },
  // AuthType Basic alone puts it to work.
  always: true,
});

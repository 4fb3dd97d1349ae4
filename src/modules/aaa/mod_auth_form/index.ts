/**
 * mod_auth_form: logins by an HTML form, remembered in a session (modules/aaa/mod_auth_form.c). A form's method and type that could not stand in a
 * request are refused: httpd hands them on.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { authName, authType } from '../../../core/authentication.ts';
import { checkPassword, handledStatus, providersInForce } from '../../../core/authn.ts';
import { evaluateText } from '../../../core/expression-context.ts';
import type { Answer } from '../../../core/hooks.ts';
import { redirectInternally } from '../../../core/internal-redirect.ts';
import { BufferedBody, replaceBody } from '../../../core/kept-body.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { AuthnResult } from '../../../core/providers.ts';
import type { Request } from '../../../core/request.ts';
import { sessionsOf } from '../../../core/session.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import type { StringExpr } from '../../../expr/index.ts';
import { type DirConf, rows } from './conf.ts';
import { type FormFields, readForm } from './form-data.ts';

const DEFAULT_SIZE = 8192;
const LOGIN_HANDLER = 'form-login-handler';
const LOGOUT_HANDLER = 'form-logout-handler';
const REDIRECT_HANDLER = 'form-redirect-handler';

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'auth_form', level, tag, message);

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A form that was read; kept with the request the client sent, since its body can be read only once. */
interface Login extends Credentials {
  readonly location: string | undefined;
  /** The request to make in place of the login. */
  readonly original: Original | undefined;
}
interface Original {
  readonly method: string;
  readonly mimetype: string;
  readonly body: string;
}

function knownLogin(r: Request): Login | undefined {
  return r.initial.getState(modAuthForm.index) as Login | undefined;
}

function isForm(type: string | undefined): type is string {
  return type !== undefined && type.toLowerCase() === 'form';
}

/** C strings end at a NUL. */
function fieldOf(form: ReadonlyMap<string, string>, name: string): string | undefined {
  return form.get(name)?.split('\0', 1)[0];
}

function readLogin(r: Request, form: FormFields): Login | number {
  if (typeof form === 'number') return form;
  const {
    username = 'httpd_username',
    password = 'httpd_password',
    location = 'httpd_location',
  } = modAuthForm.dir(r);
  const user = fieldOf(form, username);
  if (user === undefined) {
    const why = `username field '${username}' was missing or empty, unauthorized`;
    log(r, Level.debug, 'AH02982', `form parsed, but ${why}`);
    return 401;
  }
  r.user = user;
  const secret = fieldOf(form, password);
  if (secret === undefined) {
    const why = `password field '${password}' was missing or empty, unauthorized`;
    log(r, Level.debug, 'AH02983', `form parsed, but ${why}`);
    return 401;
  }
  const original = readOriginal(r, form);
  if (typeof original === 'number') return original;
  const login: Login = { user, password: secret, location: fieldOf(form, location), original };
  r.initial.setState(modAuthForm.index, login);
  return login;
}

/** What stands in a request's head must not end it: another server may read it. */
function readOriginal(r: Request, form: ReadonlyMap<string, string>): Original | undefined | number {
  const conf = modAuthForm.dir(r);
  const method = fieldOf(form, conf.method ?? 'httpd_method');
  const mimetype = fieldOf(form, conf.mimetype ?? 'httpd_mimetype');
  const body = form.get(conf.body ?? 'httpd_body');
  if (method === undefined || mimetype === undefined || body === undefined) return undefined;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/.test(method) || /[\0-\x08\x0a-\x1f\x7f]/.test(mimetype)) {
    log(r, Level.error, '', 'form parsed, but its method or type cannot stand in a request');
    return 400;
  }
  return { method, mimetype, body };
}

function getLogin(r: Request): Login | number | Promise<Login | number> {
  const known = knownLogin(r);
  if (known !== undefined) return known;
  const form = readForm(r, modAuthForm.dir(r).size ?? DEFAULT_SIZE);
  return form instanceof Promise ? form.then((late) => readLogin(r, late)) : readLogin(r, form);
}

function siteHash(user: string, passphrase: string): string {
  return createHash('md5').update(`${user}:${passphrase}`, 'latin1').digest('hex');
}

/** Undefined credentials: logged out. */
function setSession(r: Request, login: Credentials | undefined): void {
  const sessions = sessionsOf(r.configuration);
  const realm = authName(r) ?? '';
  const { sitePassphrase } = modAuthForm.dir(r);
  const site =
    login === undefined || sitePassphrase === undefined ? undefined : siteHash(login.user, sitePassphrase);
  sessions?.set(r, `${realm}-user`, login?.user);
  sessions?.set(r, `${realm}-pw`, login?.password);
  sessions?.set(r, `${realm}-site`, site);
}

/** Whether the session says that the user has logged in somewhere under the same passphrase. */
function passesBySite(r: Request, user: string, hash: string | undefined): boolean {
  const { sitePassphrase } = modAuthForm.dir(r);
  if (sitePassphrase === undefined || hash === undefined) return false;
  const own = Buffer.from(siteHash(user, sitePassphrase), 'latin1');
  const given = Buffer.from(hash, 'latin1');
  return given.length === own.length && timingSafeEqual(given, own);
}

function checkUser(r: Request, { user, password }: Credentials): Answer {
  const conf = modAuthForm.dir(r);
  const providers = providersInForce(r, conf.providers);
  if (providers === undefined) {
    log(r, Level.error, 'AH01806', 'no authn provider configured');
    return conf.authoritative === false ? DECLINED : 500;
  }
  const result = checkPassword(r, providers, user, password);
  if (typeof result === 'string') return statusOf(r, user, result);
  return result.then((late) => statusOf(r, user, late));
}

function statusOf(r: Request, user: string, result: AuthnResult): number {
  if (result === 'granted') return OK;
  if (modAuthForm.dir(r).authoritative === false && result !== 'denied') return DECLINED;
  switch (result) {
    case 'denied': {
      const what = `authentication failure for "${r.uri}": password Mismatch`;
      log(r, Level.error, 'AH01807', `user '${user}': ${what}`);
      return 401;
    }
    case 'user-not-found':
      log(r, Level.error, 'AH01808', `user '${user}' not found: ${r.uri}`);
      return 401;
    case 'handled':
      return handledStatus(r);
    case 'general-error':
      return 500;
  }
}

/** Backends see a login by a form as one of Basic. */
function fakeBasic(r: Request, user: string, password: string): void {
  if (modAuthForm.dir(r).fakesBasic !== true) return;
  const text = Buffer.from(`${user}:${password}`, 'latin1').toString('base64');
  r.headersIn.set('Authorization', `Basic ${text}`);
}

function authenticate(r: Request): Answer {
  const type = authType(r);
  if (!isForm(type)) return DECLINED;
  if (r.proxyRequest === 'forward') {
    const why = 'form auth cannot be used for proxy requests due to XSS risk, access denied';
    log(r, Level.error, 'AH01809', `${why}: ${r.uri}`);
    return 500;
  }
  const realm = authName(r);
  if (realm === undefined) {
    log(r, Level.error, 'AH01810', `need AuthName: ${r.uri}`);
    return 500;
  }
  r.authType = type;
  const known = knownLogin(r);
  const entries = known === undefined ? sessionsOf(r.configuration)?.load(r)?.entries : undefined;
  const user = known?.user ?? entries?.get(`${realm}-user`);
  const password = known?.password ?? entries?.get(`${realm}-pw`);
  if (user !== undefined) r.user = user;
  if (user === undefined || password === undefined) return afterCheck(r, 401);
  if (passesBySite(r, user, entries?.get(`${realm}-site`))) {
    fakeBasic(r, user, password);
    return OK;
  }
  const status = checkUser(r, { user, password });
  const finish = (checked: number): Answer => {
    if (checked === OK) fakeBasic(r, user, password);
    return checked === OK ? OK : afterCheck(r, checked);
  };
  return typeof status === 'number' ? finish(status) : status.then(finish);
}

/** Who is not logged in yet may be about to: with the very request that needs it. */
function afterCheck(r: Request, status: number): Answer {
  const mayLogIn = status === 401 && r.method === 'POST' && r === r.initial;
  if (!mayLogIn) return refuse(r, status, undefined);
  const login = getLogin(r);
  return login instanceof Promise ? login.then((late) => logIn(r, late)) : logIn(r, login);
}

function logIn(r: Request, login: Login | number): Answer {
  if (typeof login === 'number') return refuse(r, login, undefined);
  const status = checkUser(r, login);
  const finish = (checked: number): number => {
    if (checked !== OK) return refuse(r, checked, login.location);
    fakeBasic(r, login.user, login.password);
    setSession(r, login);
    if (login.location !== undefined) return redirectTo(r, login.location);
    const { loginSuccess } = modAuthForm.dir(r);
    if (loginSuccess !== undefined) return redirectBy(r, loginSuccess, 'AH02339', 'login success');
    putOriginal(r, login.original);
    return OK;
  };
  return typeof status === 'number' ? finish(status) : status.then(finish);
}

/** The form is used up; what it carried of another request takes its place. */
function putOriginal(r: Request, original: Original | undefined): void {
  const body = Buffer.from(original?.body ?? '', 'latin1');
  replaceBody(r, new BufferedBody(body));
  r.headersIn.delete('transfer-encoding');
  r.headersIn.set('Content-Length', String(body.length));
  if (original === undefined) return;
  r.headersIn.set('Content-Type', original.mimetype);
  r.handler = REDIRECT_HANDLER;
}

function refuse(r: Request, status: number, location: string | undefined): number {
  const { loginRequired, allowsStore } = modAuthForm.dir(r);
  if (status === 401 && loginRequired !== undefined)
    return redirectBy(r, loginRequired, 'AH02340', 'login required');
  if (location !== undefined) return redirectTo(r, location);
  if (status === 401 && allowsStore !== true) forbidStoring(r);
  return status;
}

/** A login page in a browser's cache could be sent again, with all that was typed into it. */
function forbidStoring(r: Request): void {
  r.headersOut.append('Cache-Control', 'no-store');
  r.errHeadersOut.append('Cache-Control', 'no-store');
}

function redirectTo(r: Request, location: string, status = 302): number {
  r.headersOut.set('Location', location);
  return status;
}

function redirectBy(r: Request, expr: StringExpr, tag: string, what: string, status = 302): number {
  const location = evaluateText(expr, r, (reason) =>
    log(r, Level.error, tag, `Can't evaluate ${what} expression: ${reason}`),
  );
  return location === undefined ? 500 : redirectTo(r, location, status);
}

function handle(r: Request): Answer {
  switch (r.handler) {
    case LOGIN_HANDLER:
      return handleLogin(r);
    case LOGOUT_HANDLER:
      return handleLogout(r);
    case REDIRECT_HANDLER:
      return handleRedirect(r);
    default:
      return DECLINED;
  }
}

function handleLogin(r: Request): Answer {
  if (r.method !== 'POST') {
    log(r, Level.error, 'AH01811', `the ${LOGIN_HANDLER} only supports the POST method for ${r.uri}`);
    return 405;
  }
  const login = getLogin(r);
  return login instanceof Promise ? login.then((late) => finishLogin(r, late)) : finishLogin(r, login);
}

function finishLogin(r: Request, login: Login | number): Answer {
  const { loginRequired, loginSuccess } = modAuthForm.dir(r);
  const finish = (checked: number): number => {
    if (checked === OK && typeof login !== 'number') {
      setSession(r, login);
      if (login.location !== undefined) return redirectTo(r, login.location);
      if (loginSuccess !== undefined) return redirectBy(r, loginSuccess, 'AH02341', 'login success');
      return 200;
    }
    return checked === 401 && loginRequired !== undefined
      ? redirectBy(r, loginRequired, 'AH02342', 'login required')
      : checked;
  };
  if (typeof login === 'number') return finish(login);
  const status = checkUser(r, login);
  return typeof status === 'number' ? finish(status) : status.then(finish);
}

function handleLogout(r: Request): Answer {
  setSession(r, undefined);
  forbidStoring(r);
  const { logout } = modAuthForm.dir(r);
  return logout === undefined ? 200 : redirectBy(r, logout, 'AH02343', 'logout', 307);
}

function handleRedirect(r: Request): Answer {
  const original = knownLogin(r)?.original;
  if (original === undefined) {
    const what = 'internal redirect requested but one or all of method, mimetype or body are NULL';
    log(r, Level.debug, 'AH01813', `${what}: ${r.unparsedUri}`);
    return 500;
  }
  const { method, mimetype } = original;
  const what = `internal redirect to method '${method}' and body mimetype '${mimetype}'`;
  log(r, Level.debug, 'AH01812', `${what} for the uri: ${r.unparsedUri}`);
  r.method = method;
  return redirectInternally(r, r.unparsedUri);
}

export const modAuthForm = defineModule<object, DirConf>({
  name: 'auth_form_module',
  file: 'mod_auth_form.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  hooks: { checkUserId: authenticate, handler: handle },
  postConfig({ loaded, problems }) {
    for (const [name, code] of [
      ['session', 'AH02617'],
      ['request', 'AH02618'],
    ] as const) {
      if ([...loaded].some((module) => module.name === `${name}_module`)) continue;
      const message = `You must load mod_${name} to enable the mod_auth_form functions`;
      problems.add({ code, severity: 'error', message, span: undefined });
    }
  },
  always: true,
});

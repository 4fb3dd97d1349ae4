/** Directives of mod_auth_form. */
import { ACCESS_CONF, type AnyRow, OR_AUTHCFG } from '../../../config/directive.ts';
import { type ProviderList, providerRow } from '../../../core/authn.ts';
import { compileString, type StringExpr } from '../../../expr/index.ts';

/** Names of the login form's fields. */
interface FieldNames {
  username?: string;
  password?: string;
  location?: string;
  method?: string;
  mimetype?: string;
  body?: string;
}

export interface DirConf extends FieldNames {
  providers?: ProviderList;
  /** Characters a login form may have. */
  size?: number;
  loginRequired?: StringExpr;
  loginSuccess?: StringExpr;
  logout?: StringExpr;
  sitePassphrase?: string;
  authoritative?: boolean;
  fakesBasic?: boolean;
  allowsStore?: boolean;
}

function fieldRow(name: string, field: keyof FieldNames, usage: string): AnyRow<object, DirConf> {
  return {
    name,
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage,
    apply(cmd, word) {
      if (word === '' || /[=&]/.test(word)) return `${cmd.node.name} cannot be empty, or contain '=' or '&'.`;
      cmd.dir[field] = word;
      return undefined;
    },
  };
}

function locationRow(
  name: string,
  field: 'loginRequired' | 'loginSuccess' | 'logout',
  what: string,
  usage: string,
): AnyRow<object, DirConf> {
  return {
    name,
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage,
    apply(cmd, word) {
      const compiled = compileString(word, { restricted: cmd.isHtaccess });
      if (!compiled.ok) return `Could not parse ${what} expression '${word}': ${compiled.error.message}`;
      cmd.dir[field] = compiled.expr;
      return undefined;
    },
  };
}

function flagRow(
  name: string,
  field: 'authoritative' | 'fakesBasic' | 'allowsStore',
  usage: string,
): AnyRow<object, DirConf> {
  return {
    name,
    shape: 'FLAG',
    where: OR_AUTHCFG,
    usage,
    apply: (cmd, on) => void (cmd.dir[field] = on),
  };
}

export const rows: readonly AnyRow<object, DirConf>[] = [
  providerRow('AuthFormProvider', 'Form'),
  fieldRow('AuthFormUsername', 'username', 'The field of the login form carrying the username'),
  fieldRow('AuthFormPassword', 'password', 'The field of the login form carrying the password'),
  fieldRow(
    'AuthFormLocation',
    'location',
    'The field of the login form carrying the URL to redirect on successful login.',
  ),
  fieldRow('AuthFormMethod', 'method', 'The field of the login form carrying the original request method.'),
  fieldRow(
    'AuthFormMimetype',
    'mimetype',
    'The field of the login form carrying the original request mimetype.',
  ),
  fieldRow(
    'AuthFormBody',
    'body',
    'The field of the login form carrying the urlencoded original request body.',
  ),
  {
    name: 'AuthFormSize',
    shape: 'TAKE1',
    where: ACCESS_CONF,
    usage: 'Maximum size of body parsed by the form parser',
    apply(cmd, text) {
      const size = Number.parseInt(/^[\t-\r ]*([+-]?\d+)/.exec(text)?.[1] ?? '0', 10);
      if (size < 0 || !Number.isSafeInteger(size))
        return 'AuthCookieFormSize must be a size in bytes, or zero.';
      cmd.dir.size = size;
      return undefined;
    },
  },
  locationRow(
    'AuthFormLoginRequiredLocation',
    'loginRequired',
    'login required',
    'If set, redirect the browser to this URL rather than return 401 Not Authorized.',
  ),
  locationRow(
    'AuthFormLoginSuccessLocation',
    'loginSuccess',
    'login success',
    'If set, redirect the browser to this URL when a login processed by the login handler is successful.',
  ),
  locationRow(
    'AuthFormLogoutLocation',
    'logout',
    'logout required',
    'The URL of the logout successful page. An attempt to access an URL handled by the handler form-logout-handler will result in an redirect to this page after logout.',
  ),
  {
    name: 'AuthFormSitePassphrase',
    shape: 'TAKE1',
    where: OR_AUTHCFG,
    usage:
      'If set, use this passphrase to determine whether the user should be authenticated. Bypasses the user authentication check on every website hit, and is useful for high traffic sites.',
    apply: (cmd, text) => void (cmd.dir.sitePassphrase = text),
  },
  flagRow(
    'AuthFormAuthoritative',
    'authoritative',
    "Set to 'Off' to allow access control to be passed along to lower modules if the UserID is not known to this module",
  ),
  flagRow(
    'AuthFormFakeBasicAuth',
    'fakesBasic',
    "Set to 'On' to pass through authentication to the rest of the server as a basic authentication header.",
  ),
  flagRow(
    'AuthFormDisableNoStore',
    'allowsStore',
    "Set to 'on' to stop the sending of a Cache-Control no-store header with the login screen. This allows the browser to cache the credentials, but at the risk of it being possible for the login form to be resubmitted and revealed to the backend server through XSS. Use at own risk.",
  ),
];

/** What a rule leaves behind besides a URL: variables, cookies, type and handler (do_expand_env, add_cookie, force_type_handler). */

import { atoi } from '../../../config/values.ts';
import type { Request } from '../../../core/request.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { Rule } from './conf.ts';
import { type Pass, traceRequest } from './pass.ts';
import { expand, type Template } from './template.ts';

export const TYPE_NOTE = 'rewrite-forced-mimetype';
export const HANDLER_NOTE = 'rewrite-forced-handler';

/** Expands each and hands it on; a promise only when something has to be waited for. */
function expandEach(
  templates: readonly Template[],
  from: number,
  pass: Pass,
  use: (pass: Pass, text: string) => void,
): undefined | Promise<undefined> {
  for (let i = from; i < templates.length; i++) {
    const text = expand(templates[i] as Template, pass);
    if (typeof text !== 'string') {
      return text.then((value) => {
        use(pass, value);
        return expandEach(templates, i + 1, pass, use);
      });
    }
    use(pass, text);
  }
  return undefined;
}

/** [E=...] and [CO=...] of a rule. */
export function leaveTraces(rule: Rule, pass: Pass): undefined | Promise<undefined> {
  const variables = expandEach(rule.variables, 0, pass, setVariable);
  if (variables !== undefined) return variables.then(() => expandEach(rule.cookies, 0, pass, setCookie));
  return expandEach(rule.cookies, 0, pass, setCookie);
}

/** `name:value`, `name`, `!name`. */
function setVariable({ r, trace }: Pass, text: string): void {
  if (text.startsWith('!')) {
    const name = text.slice(1);
    r.env.delete(name);
    if (trace >= 5) traceRequest(r, 5, undefined, `unsetting env variable '${name}'`);
    return;
  }
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const value = colon < 0 ? '' : text.slice(colon + 1);
  r.env.set(name, value);
  if (trace >= 5) traceRequest(r, 5, undefined, `setting env variable '${name}' to '${value}'`);
}

/** Names of cookies that rules have set, by the request the client sent. */
const cookiesOf = new WeakMap<Request, Set<string>>();

const isOn = (word: string | undefined, name: string): boolean =>
  word !== undefined && ['true', '1', name].includes(asciiLower(word));

/** `name:value:domain[:minutes[:path[:secure[:httponly[:samesite]]]]]`, or the same with `;` when it begins with one. */
function setCookie({ r, trace }: Pass, text: string): void {
  const separator = text.startsWith(';') ? ';' : ':';
  // Runs of separators count as one: an empty field cannot be written.
  const fields = text.split(separator).filter((field) => field !== '');
  const [name, value, domain, minutes, path, secure, httpOnly, sameSite] = fields;
  if (name === undefined || value === undefined || domain === undefined) return;
  let main = r;
  while (main.main !== undefined) main = main.main;
  const { initial } = main;
  const names = cookiesOf.get(initial) ?? new Set();
  if (names.has(name)) {
    if (trace >= 5) traceRequest(main, 5, undefined, `skipping already set cookie '${name}'`);
    return;
  }
  let cookie = `${name}=${value}; path=${path ?? '/'}; domain=${domain}`;
  const lifetime = minutes === undefined ? 0 : atoi(minutes);
  if (lifetime !== 0) cookie += `; expires=${expiry(r.requestTime + lifetime * 60_000)}`;
  // httpd forgets HttpOnly where secure is not on.
  if (isOn(secure, 'secure')) cookie += isOn(httpOnly, 'httponly') ? '; secure; HttpOnly' : '; secure';
  if (sameSite !== undefined && sameSite !== '0' && asciiLower(sameSite) !== 'false')
    cookie += `; SameSite=${sameSite}`;
  main.errHeadersOut.append('Set-Cookie', cookie);
  cookiesOf.set(initial, names.add(name));
  if (trace >= 5) traceRequest(main, 5, undefined, `setting cookie '${cookie}'`);
}

/** `Mon, 23-Nov-2026 15:50:00 GMT`. */
function expiry(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return '';
  const [day, ...rest] = date.toUTCString().split(' ');
  const [number, month, year, time] = rest;
  return `${day} ${number}-${month}-${year} ${time} GMT`;
}

/** [T=] and [H=]: kept until the type checkers have had their say. */
export function rememberType(rule: Rule, pass: Pass): undefined | Promise<undefined> {
  const { type, handler } = rule;
  if (type === undefined && handler === undefined) return undefined;
  const types = type === undefined ? undefined : expandEach([type], 0, pass, noteType);
  if (handler === undefined) return types;
  if (types !== undefined) return types.then(() => expandEach([handler], 0, pass, noteHandler));
  return expandEach([handler], 0, pass, noteHandler);
}

function noteType(pass: Pass, text: string): void {
  const type = asciiLower(text);
  if (type === '') return;
  pass.r.notes.set(TYPE_NOTE, type);
  if (pass.trace >= 2) pass.log(2, `remember ${pass.r.filename} to have MIME-type '${type}'`);
}

function noteHandler(pass: Pass, text: string): void {
  const handler = asciiLower(text);
  if (handler === '') return;
  pass.r.notes.set(HANDLER_NOTE, handler);
  if (pass.trace >= 2) pass.log(2, `remember ${pass.r.filename} to have Content-handler '${handler}'`);
}

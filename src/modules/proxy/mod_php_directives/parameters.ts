/**
 * PHP_VALUE and PHP_ADMIN_VALUE: settings of a request as FPM reads them (sapi/fpm/fpm/fpm_main.c, init_request_info): lines of `name=value`, read as
 * php.ini is.
 *
 * FPM does not take them back when the request ends: they stay in the process until something else is said. So every request says something of every
 * name that any of them may set. A name without a value of this request is set to `${name}`, which PHP reads as php.ini's value or, when php.ini has
 * none, as the request parameter of that name; that parameter carries PHP's own default.
 */
import { encodeParams } from '../../../fcgi/params.ts';
import type { ExtraParams } from '../shared/request-params.ts';

/** A value that a directive sets; `isAdmin`: no script and no .htaccess file may change it. */
export interface PhpValue {
  readonly value: string;
  readonly isAdmin: boolean;
}
export type PhpValues = ReadonlyMap<string, PhpValue>;

/** Every name that requests may set, with the value it has where php.ini says nothing. */
export type Resettable = ReadonlyMap<string, string>;

/** A value so that PHP's reader takes it as it is: single quotes keep everything but themselves, and know no empty text. */
export function quoteValue(value: string): string {
  return value
    .split("'")
    .map((part) => (part === '' ? '' : `'${part}'`))
    .join(`"'"`);
}

/** @param added lines that the configuration puts there otherwise (SetEnv PHP_VALUE ...); they come last, and win. */
export function phpParams(
  values: PhpValues | undefined,
  resettable: Resettable,
  added: { readonly value?: string | undefined; readonly admin?: string | undefined } = {},
): ExtraParams {
  const plain: string[] = [];
  const admin: string[] = [];
  const pairs: [string, string][] = [];
  for (const [name, fallback] of resettable) {
    const set = values?.get(name);
    if (set === undefined) {
      plain.push(`${name}=\${${name}}`);
      if (fallback !== '') pairs.push([name, fallback]);
    } else (set.isAdmin ? admin : plain).push(`${name}=${quoteValue(set.value)}`);
  }
  if (added.value !== undefined) plain.push(added.value);
  if (added.admin !== undefined) admin.push(added.admin);
  if (plain.length > 0) pairs.push(['PHP_VALUE', plain.join('\n')]);
  if (admin.length > 0) pairs.push(['PHP_ADMIN_VALUE', admin.join('\n')]);
  return { pairs, encoded: encodeParams(pairs) };
}

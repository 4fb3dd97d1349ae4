/** Media types as mod_mime takes them apart (analyze_ct). */

export interface ContentType {
  /** `type/subtype`. */
  readonly essence: string;
  /** Values as written, with their quotes. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const PARAMETER =
  /[ \t\n]*([^\x00-\x1f\x7f ()<>@,;:\\"/[\]?=]+)[ \t\n]*=[ \t\n]*("(?:[^"\\\r\n]|\\[\s\S])*"|[^\x00-\x1f\x7f ()<>@,;:\\"/[\]?=]+)[ \t\n]*(?:;|$)/y;

/** undefined: no media type. What follows the last whole parameter is dropped. */
export function parseContentType(text: string): ContentType | undefined {
  const head = /^\s*([^\s/;][^\s/;]*)\s*\/\s*([^\s;][^\s;]*)\s*(?:;|$)/.exec(text);
  if (head === null) return undefined;
  const parameters: [string, string][] = [];
  PARAMETER.lastIndex = head[0].length;
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text)) {
    parameters.push([found[1] as string, found[2] as string]);
    if (PARAMETER.lastIndex >= text.length) break;
  }
  return { essence: `${head[1]}/${head[2]}`, parameters };
}

/** The type in httpd's spelling, its charset replaced by `charset` or that added; undefined when it is no media type. */
export function withCharset(text: string, charset: string | undefined): string | undefined {
  const parsed = parseContentType(text);
  if (parsed === undefined) return undefined;
  let type = parsed.essence;
  let isSet = false;
  for (const [name, value] of parsed.parameters) {
    if (charset === undefined || name !== 'charset') {
      type += `; ${name}=${value}`;
    } else if (!isSet) {
      type += `; charset=${charset}`;
      isSet = true;
    }
  }
  return charset === undefined || isSet ? type : `${type}; charset=${charset}`;
}

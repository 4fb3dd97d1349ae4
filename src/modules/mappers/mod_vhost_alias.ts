/**
 * mod_vhost_alias: document roots and script directories made from the host's name or the server's address (modules/mappers/mod_vhost_alias.c).
 * Complete.
 */
import { type AnyRow, type ApplyResult, type Command, RSRC_CONF } from '../../config/directive.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { serverName, serverPort } from '../../core/server-identity.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { asciiLower } from '../../lib/ascii.ts';

/** A part of a name: `%-2+`, counted from 1; 0 is all of it. */
interface Selector {
  readonly number: number;
  readonly fromEnd: boolean;
  readonly andMore: boolean;
}
/** Labels of the name, and characters of those. */
interface Interpolation {
  readonly label: Selector;
  readonly character: Selector;
}
/** Text as it is, the port, or something of the name. */
type Piece = { readonly text: string } | { readonly isPort: true } | Interpolation;

/** `none` turns off what the main server says. */
type Root = { readonly pieces: readonly Piece[]; readonly by: 'name' | 'address' } | 'none';

export interface VhostAliasServerConf {
  documentRoot?: Root;
  scriptAlias?: Root;
}
type Cmd = Command<VhostAliasServerConf, object>;

const WHOLE: Selector = { number: 0, fromEnd: false, andMore: false };
const SPECIFIER = /^%(?:(%)|(p)|(-?)([0-9])(\+?)(?:\.(-?)([0-9])(\+?))?)/;

/** Cuts a format string into its pieces; undefined for a syntax error (vhost_alias_set). */
export function parseFormat(format: string): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let at = 0; at < format.length; ) {
    const next = format.indexOf('%', at);
    const end = next < 0 ? format.length : next;
    if (end > at) pieces.push({ text: format.slice(at, end) });
    if (next < 0) break;
    const found = SPECIFIER.exec(format.slice(next));
    if (found === null) return undefined;
    const [whole, percent, port, dash, number, plus, dash2, number2, plus2] = found;
    at = next + whole.length;
    if (percent !== undefined) pieces.push({ text: '%' });
    else if (port !== undefined) pieces.push({ isPort: true });
    else if (number2 === undefined && format[at] === '.') return undefined;
    else
      pieces.push({
        label: selector(dash, number, plus),
        character: number2 === undefined ? WHOLE : selector(dash2, number2, plus2),
      });
  }
  return pieces;
}

function selector(dash: string | undefined, number: string | undefined, plus: string | undefined): Selector {
  return { number: Number(number), fromEnd: dash === '-', andMore: plus === '+' };
}

/** What is asked for is not there. */
const MISSING = '_';
/** Dots behind so many are no separators. */
const MAX_LABELS = 19;

/** Labels of a name: `%2` the second, `%-1` the last, `%2+` the second and all behind it, `%-2+` all up to the last but one. */
function selectLabels(name: string, { number, fromEnd, andMore }: Selector): string {
  if (number === 0) return name;
  const labels = name.split('.');
  if (labels.length > MAX_LABELS) labels.push(labels.splice(MAX_LABELS - 1).join('.'));
  if (number > labels.length) return MISSING;
  if (fromEnd)
    return andMore
      ? labels.slice(0, labels.length - number + 1).join('.')
      : (labels[labels.length - number] as string);
  return andMore ? labels.slice(number - 1).join('.') : (labels[number - 1] as string);
}

function selectCharacters(text: string, { number, fromEnd, andMore }: Selector): string {
  if (number === 0) return text;
  if (number > text.length) return MISSING;
  const at = fromEnd ? text.length - number : number - 1;
  if (!andMore) return text.charAt(at);
  return fromEnd ? text.slice(0, at + 1) : text.slice(at);
}

/** Puts a name and a port into a format (vhost_alias_interpolate). A slash at the end is dropped: a URL path follows. */
export function interpolate(pieces: readonly Piece[], name: string, port: number): string {
  let path = '';
  for (const piece of pieces) {
    if ('text' in piece) path += piece.text;
    else if ('isPort' in piece) path += String(port);
    else path += asciiLower(selectCharacters(selectLabels(name, piece.label), piece.character));
  }
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function setRoot(field: 'documentRoot' | 'scriptAlias', by: 'name' | 'address') {
  return (cmd: Cmd, format: string): ApplyResult => {
    if (!format.startsWith('/')) {
      if (asciiLower(format) !== 'none') return "format string must be an absolute path, or 'none'";
      cmd.server[field] = 'none';
      return undefined;
    }
    const pieces = parseFormat(format);
    if (pieces === undefined) return 'syntax error in format string';
    cmd.server[field] = { pieces, by };
    return undefined;
  };
}

function row(
  name: string,
  field: 'documentRoot' | 'scriptAlias',
  by: 'name' | 'address',
): AnyRow<VhostAliasServerConf, object> {
  const what = field === 'documentRoot' ? 'the DocumentRoot' : 'a ScriptAlias';
  return {
    name,
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: `how to create ${what} based on the host`,
    apply: setRoot(field, by),
  };
}

const directives: readonly AnyRow<VhostAliasServerConf, object>[] = [
  row('VirtualScriptAlias', 'scriptAlias', 'name'),
  row('VirtualDocumentRoot', 'documentRoot', 'name'),
  row('VirtualScriptAliasIP', 'scriptAlias', 'address'),
  row('VirtualDocumentRootIP', 'documentRoot', 'address'),
];

/** Room for one part of an expansion (HUGE_STRING_LEN). */
const LONGEST = 8192;
const SCRIPTS = /^\/*cgi-bin\//;

/** mva_translate() */
function translateVhost(r: Request): number {
  const { documentRoot, scriptAlias } = modVhostAlias.server(r.server);
  const isScript = scriptAlias !== undefined && scriptAlias !== 'none' && SCRIPTS.test(r.uri);
  const root = isScript ? scriptAlias : documentRoot;
  if (root === undefined || root === 'none') return DECLINED;
  const name = root.by === 'name' ? serverName(r) : r.connection.localAddr;
  if (name.length > LONGEST) {
    logRequest(r, 'vhost_alias', Level.error, 'AH10595', 'VirtualDocumentRoot expansion too large');
    return 414;
  }
  const path = interpolate(root.pieces, name, serverPort(r));
  r.filename = path + (isScript ? r.uri.slice(r.uri.indexOf('cgi-bin/') + 'cgi-bin'.length) : r.uri);
  r.canonicalFilename = '';
  r.contextPrefix = isScript ? '/cgi-bin' : undefined;
  r.contextDocumentRoot = path;
  r.documentRoot = path;
  if (isScript) {
    r.handler = 'cgi-script';
    r.notes.set('alias-forced-type', 'cgi-script');
  }
  return OK;
}

export const modVhostAlias = defineModule<VhostAliasServerConf>({
  name: 'vhost_alias_module',
  file: 'mod_vhost_alias.c',
  directives,
  mergeServer: (base, add) => ({ ...base, ...add }),
  hooks: { translateName: { run: translateVhost, after: ['mod_alias.c', 'mod_userdir.c'] } },
});

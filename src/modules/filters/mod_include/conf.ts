/** Configuration and directives of mod_include. */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_ALL,
  OR_LIMIT,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../../config/directive.ts';

export interface ServerConf {
  startTag?: string;
  endTag?: string;
}
export interface DirConf {
  xbitHack?: 'off' | 'on' | 'full';
  errorText?: string;
  timeFormat?: string;
  undefinedText?: string;
  legacyExpressions?: boolean;
  lastModified?: boolean;
  etag?: boolean;
}
type Row = AnyRow<ServerConf, DirConf>;
type Cmd = Command<ServerConf, DirConf>;

const hasBlank = (text: string): boolean => /[\t-\r ]/.test(text);

function xbitHack(cmd: Cmd, word: string): ApplyResult {
  const value = word.toLowerCase();
  if (value !== 'off' && value !== 'on' && value !== 'full')
    return 'XBitHack must be set to Off, On, or Full';
  cmd.dir.xbitHack = value;
  return undefined;
}

const text = (name: string, field: 'errorText' | 'timeFormat' | 'undefinedText', usage: string): Row => ({
  name,
  shape: 'TAKE1',
  where: OR_ALL,
  usage,
  apply: (cmd, value) => void (cmd.dir[field] = value),
});

const tag = (name: string, field: 'startTag' | 'endTag', usage: string): Row => ({
  name,
  shape: 'TAKE1',
  where: RSRC_CONF,
  usage,
  apply: (cmd, value) => {
    if (hasBlank(value)) return `${name} may not contain any whitespaces`;
    cmd.server[field] = value;
    return undefined;
  },
});

const flag = (name: string, field: 'legacyExpressions' | 'lastModified' | 'etag', usage: string): Row => ({
  name,
  shape: 'FLAG',
  where: OR_LIMIT | ACCESS_CONF,
  usage,
  apply: (cmd, on) => void (cmd.dir[field] = on),
});

export const directives: readonly Row[] = [
  {
    name: 'XBitHack',
    shape: 'TAKE1',
    where: OR_OPTIONS | RSRC_CONF | ACCESS_CONF,
    usage: 'Off, On, or Full',
    apply: xbitHack,
  },
  text('SSIErrorMsg', 'errorText', 'a string'),
  text('SSITimeFormat', 'timeFormat', 'a strftime(3) formatted string'),
  tag('SSIStartTag', 'startTag', 'SSI Start String Tag'),
  tag('SSIEndTag', 'endTag', 'SSI End String Tag'),
  text('SSIUndefinedEcho', 'undefinedText', 'String to be displayed if an echoed variable is undefined'),
  flag(
    'SSILegacyExprParser',
    'legacyExpressions',
    "Whether to use the legacy expression parser compatible with <= 2.2.x. Limited to 'on' or 'off'",
  ),
  flag(
    'SSILastModified',
    'lastModified',
    "Whether to set the last modified header or respect an existing header. Limited to 'on' or 'off'",
  ),
  flag(
    'SSIEtag',
    'etag',
    "Whether to allow the generation of ETags within the server. Existing ETags will be preserved. Limited to 'on' or 'off'",
  ),
];

/** The newer section's settings go before. */
export const mergeDir = (base: DirConf, add: DirConf): DirConf => ({ ...base, ...add });
/** The same for the tags of a virtual host. */
export const mergeServer = (base: ServerConf, add: ServerConf): ServerConf => ({ ...base, ...add });

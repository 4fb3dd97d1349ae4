/** Options, and what .htaccess files may change of it and of all else: AllowOverride, AllowOverrideList (set_options, set_override of server/core.c). */
import {
  ACCESS_CONF,
  type ApplyResult,
  NOT_IN_FILES,
  NOT_IN_LOCATION,
  OR_ALL,
  OR_AUTHCFG,
  OR_FILEINFO,
  OR_INDEXES,
  OR_LIMIT,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../config/directive.ts';
import { checkContext } from '../../config/invoke.ts';
import { allWords } from '../../config/words.ts';
import {
  type CoreDirConf,
  OPT_ALL,
  OPT_EXECCGI,
  OPT_INC_WITH_EXEC,
  OPT_INCLUDES,
  OPT_INDEXES,
  OPT_MULTI,
  OPT_NONE,
  OPT_SYM_LINKS,
  OPT_SYM_OWNER,
} from '../../core/core-config.ts';
import { type Cmd, fileAndLine, placeInFile, type Row, row } from './core-row.ts';

const OPTION_BITS: ReadonlyMap<string, number> = new Map([
  ['indexes', OPT_INDEXES],
  ['includes', OPT_INCLUDES | OPT_INC_WITH_EXEC],
  ['includesnoexec', OPT_INCLUDES],
  ['followsymlinks', OPT_SYM_LINKS],
  ['symlinksifownermatch', OPT_SYM_OWNER],
  ['execcgi', OPT_EXECCGI],
  ['multiviews', OPT_MULTI],
  ['runscripts', OPT_MULTI | OPT_EXECCGI],
  ['none', OPT_NONE],
  ['all', OPT_ALL],
]);

/** Options: all words with a sign or none, `All`/`None` apart (set_options). */
function options(cmd: Cmd, text: string): ApplyResult {
  const words = allWords(text);
  let first = true;
  let merge = false;
  for (const word of words) {
    const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
    const name = sign === '' ? word : word.slice(1);
    const lower = name.toLowerCase();
    const bits = OPTION_BITS.get(lower);
    if (first) {
      if (sign !== '') merge = true;
    } else if (lower !== 'none' && lower !== 'all' && (sign !== '') !== merge) {
      // Measured: "Options All -Indexes" passes, the first sign decides for the rest.
      if (!(words[0]?.toLowerCase() === 'all' && sign !== '')) {
        return 'Either all Options must start with + or -, or no Option may.';
      }
    }
    if (bits === undefined) return `Illegal option ${name}`;
    if ((bits & ~cmd.optionsAllowed) !== 0 && bits !== OPT_NONE) {
      return `Option ${name} not allowed here`;
    }
    applyOption(cmd.dir, sign, bits, first);
    first = false;
  }
  return undefined;
}

function applyOption(dir: CoreDirConf, sign: string, bits: number, first: boolean): void {
  if (sign === '-') {
    if (dir.options !== undefined) dir.options &= ~bits;
    else {
      dir.optionsRemove = (dir.optionsRemove ?? 0) | bits;
      dir.optionsAdd = (dir.optionsAdd ?? 0) & ~bits;
    }
  } else if (sign === '+') {
    if (dir.options !== undefined) dir.options |= bits;
    else {
      dir.optionsAdd = (dir.optionsAdd ?? 0) | bits;
      dir.optionsRemove = (dir.optionsRemove ?? 0) & ~bits;
    }
  } else {
    dir.options = first ? bits : (dir.options ?? 0) | bits;
    delete dir.optionsAdd;
    delete dir.optionsRemove;
  }
}

const OVERRIDE_BITS: ReadonlyMap<string, number> = new Map([
  ['limit', OR_LIMIT],
  ['options', OR_OPTIONS],
  ['fileinfo', OR_FILEINFO],
  ['authconfig', OR_AUTHCFG],
  ['indexes', OR_INDEXES],
]);

/** Of Options, where AllowOverride says nothing of them by themselves. */
const EVERY_OPTION = 0xffff;

/** Where no file of a directory is looked for. */
function isUseless(cmd: Cmd): boolean {
  return checkContext(cmd.node.name, NOT_IN_LOCATION | NOT_IN_FILES, cmd) !== undefined;
}

/** AllowOverride with Options=... and Nonfatal=... (set_override). */
function allowOverride(cmd: Cmd, text: string): ApplyResult {
  if (isUseless(cmd)) cmd.warn(`AH00114: Useless use of AllowOverride in ${placeInFile(cmd)}.`);
  const { dir } = cmd;
  dir.override = 0;
  // What an outer AllowOverride says of single options does not hold here.
  dir.overrideOptions = EVERY_OPTION;
  dir.overrideNonfatal = 0;
  dir.overrideUnknownNonfatal = false;
  for (const word of allWords(text)) {
    const [name = '', value] = splitAtEqual(word.toLowerCase());
    const bits = OVERRIDE_BITS.get(name);
    if (name === 'options') {
      // Without a list these are the options that `Options All` sets: MultiViews and SymLinksIfOwnerMatch are none of them.
      const allowed = value === undefined ? OPT_ALL : overrideOptions(value);
      if (typeof allowed === 'string') return allowed;
      dir.override |= OR_OPTIONS;
      dir.overrideOptions = allowed;
    } else if (name === 'nonfatal') {
      // What stands behind the = is not looked at any closer.
      if (value === undefined) return '=Override, =Unknown or =All expected after Nonfatal';
      const nonfatal =
        value === 'override' ? OR_ALL : value === 'unknown' ? 0 : value === 'all' ? OR_ALL : undefined;
      dir.overrideNonfatal |= nonfatal ?? 0;
      if (value === 'unknown' || value === 'all') dir.overrideUnknownNonfatal = true;
    } else if (bits !== undefined && value === undefined) {
      dir.override |= bits;
    } else if (name === 'none' && value === undefined) {
      dir.override = 0;
    } else if (name === 'all' && value === undefined) {
      dir.override = OR_ALL;
    } else {
      return `Illegal override option ${splitAtEqual(word)[0]}`;
    }
  }
  return undefined;
}

function splitAtEqual(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** `Options=Indexes,MultiViews`: bits that Options may set in .htaccess (set_allow_opts). */
function overrideOptions(list: string): number | string {
  let allowed = 0;
  for (const name of list.split(',')) {
    const bits = OPTION_BITS.get(name);
    if (bits === undefined) return `Illegal option ${name}`;
    allowed |= bits;
  }
  return allowed;
}

function allowOverrideList(cmd: Cmd, words: readonly string[]): ApplyResult {
  if (isUseless(cmd)) cmd.warn(`AH00115: Useless use of AllowOverrideList at ${fileAndLine(cmd)}`);
  const list = new Set<string>();
  const place = fileAndLine(cmd);
  for (const word of words) {
    if (word.toLowerCase() === 'none') continue;
    const row = cmd.findRow(word);
    if (row === undefined)
      cmd.warn(`AH00116: Discarding unrecognized directive \`${word}' in AllowOverrideList at ${place}`);
    else if ((row.where & OR_ALL) === 0)
      cmd.warn(`AH02304: Discarding directive \`${word}' not allowed in AllowOverrideList at ${place}`);
    else list.add(word.toLowerCase());
  }
  cmd.dir.overrideList = list;
  return undefined;
}

export const optionRows: readonly Row[] = [
  row(
    'Options',
    'RAW_ARGS',
    OR_OPTIONS | RSRC_CONF | ACCESS_CONF,
    'Set a number of attributes for a given directory',
    options,
  ),
  row(
    'AllowOverride',
    'RAW_ARGS',
    ACCESS_CONF,
    'Controls what groups of directives can be configured by per-directory config files',
    allowOverride,
  ),
  row(
    'AllowOverrideList',
    'TAKE_ARGV',
    ACCESS_CONF,
    'Controls what individual directives can be configured by per-directory config files',
    allowOverrideList,
  ),
];

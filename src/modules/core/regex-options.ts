/** RegexDefaultOptions: how patterns are compiled that come after it, in .htaccess files too (set_regex_default_options). */
import { type ApplyResult, GLOBAL_ONLY } from '../../config/directive.ts';
import { allWords } from '../../config/words.ts';
import { type PcreDefaults, pcreDefaults, setPcreDefaults } from '../../lib/pcre/index.ts';
import { type Cmd, type Row, serverRow } from './core-row.ts';

const OPTIONS: Readonly<Record<string, keyof PcreDefaults>> = {
  icase: 'ignoreCase',
  dotall: 'dotAll',
  dollar_endonly: 'dollarEndOnly',
};
const NONE: PcreDefaults = { ignoreCase: false, dotAll: false, dollarEndOnly: false };

/** Words with signs change what holds; one without replaces all of it. */
export function changedOptions(before: PcreDefaults, text: string): PcreDefaults | string {
  let options = before;
  for (const word of allWords(text)) {
    const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
    const name = word.slice(sign.length);
    if (word.toLowerCase() === 'none') {
      options = NONE;
      continue;
    }
    const lower = name.toLowerCase();
    const option = Object.hasOwn(OPTIONS, lower) ? OPTIONS[lower] : undefined;
    if (option === undefined) return `RegexDefaultOptions: option '${name}' unknown`;
    options = { ...(sign === '' ? NONE : options), [option]: sign !== '-' };
  }
  return options;
}

function regexOptions(_cmd: Cmd, text: string): ApplyResult {
  const options = changedOptions(pcreDefaults(), text);
  if (typeof options === 'string') return options;
  setPcreDefaults(options);
  return undefined;
}

export const regexRows: readonly Row[] = [
  serverRow(
    'RegexDefaultOptions',
    'RAW_ARGS',
    "default options for regexes (prefixed by '+' to add, '-' to del)",
    regexOptions,
    { forbidden: GLOBAL_ONLY },
  ),
];

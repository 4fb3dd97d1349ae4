/** The directives of mod_autoindex. */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_ALL,
  OR_INDEXES,
} from '../../../config/directive.ts';
import { atoi } from '../../../config/values.ts';
import { wordsUntilEmpty } from '../../../config/words.ts';
import {
  DEFAULT_WIDTH,
  type DirConf,
  type ItemKind,
  makeDescription,
  makeItem,
  makePlainItem,
  Opt,
} from './conf.ts';

type Cmd = Command<object, DirConf>;
const DEFAULT_ICON_WIDTH = 20;
const DEFAULT_ICON_HEIGHT = 22;

const OPTION_WORDS: ReadonlyMap<string, number> = new Map([
  ['fancyindexing', Opt.fancy],
  ['foldersfirst', Opt.foldersFirst],
  ['htmltable', Opt.table],
  ['iconsarelinks', Opt.iconsAreLinks],
  ['ignorecase', Opt.ignoreCase],
  ['ignoreclient', Opt.ignoreClient],
  ['scanhtmltitles', Opt.scanHtmlTitles],
  ['suppresscolumnsorting', Opt.suppressColumnSorting],
  ['suppressdescription', Opt.suppressDescription],
  ['suppresshtmlpreamble', Opt.suppressPreamble],
  ['suppressicon', Opt.suppressIcon],
  ['suppresslastmodified', Opt.suppressLastModified],
  ['suppresssize', Opt.suppressSize],
  ['suppressrules', Opt.suppressRules],
  ['trackmodified', Opt.trackModified],
  ['versionsort', Opt.versionSort],
  ['xhtml', Opt.xhtml],
  ['showforbidden', Opt.showForbidden],
  ['addaltclass', Opt.addAltClass],
  ['useolddateformat', Opt.oldDateFormat],
]);

/** IndexOptions: words with or without a sign, and settings (add_opts). A word without a sign undoes the signed ones before it. */
function indexOptions(cmd: Cmd, text: string): ApplyResult {
  const { dir } = cmd;
  let options = dir.options ?? 0;
  let added = dir.added ?? 0;
  let removed = dir.removed ?? 0;
  for (const word of wordsUntilEmpty(text)) {
    const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
    const name = sign === '' ? word : word.slice(1);
    let bit = OPTION_WORDS.get(name.toLowerCase()) ?? 0;
    if (name.toLowerCase() === 'none') {
      if (sign !== '') return "Cannot combine '+' or '-' with 'None' keyword";
      bit = Opt.none;
      added = removed = 0;
    } else if (bit === 0) {
      const problem = setting(dir, name, sign);
      if (problem !== undefined) return problem;
    }
    if (sign === '') {
      options |= bit;
      added = removed = 0;
    } else if (sign === '+') {
      added |= bit;
      removed &= ~bit;
    } else {
      removed |= bit;
      added &= ~bit;
    }
  }
  if ((options & Opt.none) !== 0 && (options & ~Opt.none) !== 0)
    return "Cannot combine other IndexOptions keywords with 'None'";
  dir.options = options;
  dir.added = added;
  dir.removed = removed;
  return undefined;
}

/** The words of IndexOptions that carry a value. */
function setting(dir: DirConf, word: string, sign: string): string | undefined {
  const equals = word.indexOf('=');
  const name = (equals < 0 ? word : word.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  switch (name) {
    case 'iconwidth':
    case 'iconheight': {
      const field = name === 'iconwidth' ? 'iconWidth' : 'iconHeight';
      const label = name === 'iconwidth' ? 'IconWidth' : 'IconHeight';
      if (value === undefined) {
        dir[field] = sign === '-' ? 0 : name === 'iconwidth' ? DEFAULT_ICON_WIDTH : DEFAULT_ICON_HEIGHT;
        return undefined;
      }
      if (sign === '-') return `Cannot combine '-' with ${label}=n`;
      dir[field] = atoi(value);
      return undefined;
    }
    case 'namewidth':
      return width(dir, 'nameWidth', 'NameWidth', 5, value, sign);
    case 'descriptionwidth':
      return width(dir, 'descriptionWidth', 'DescriptionWidth', 12, value, sign);
    case 'type':
      if (value === undefined) break;
      dir.contentType = value;
      return undefined;
    case 'charset':
      if (value === undefined) break;
      dir.charset = value;
      return undefined;
  }
  return 'Invalid directory indexing option';
}

function width(
  dir: DirConf,
  field: 'nameWidth' | 'descriptionWidth',
  label: string,
  least: number,
  value: string | undefined,
  sign: string,
): string | undefined {
  if (value === undefined) {
    if (sign !== '-') return `${label} with no value may only appear as '-${label}'`;
    dir[field] = { isAdjusted: false, width: DEFAULT_WIDTH };
    return undefined;
  }
  if (sign === '-') return `Cannot combine '-' with ${label}=n`;
  if (value.startsWith('*')) {
    dir[field] = { isAdjusted: true, width: dir[field]?.width ?? DEFAULT_WIDTH };
    return undefined;
  }
  const number = atoi(value);
  if (number < least) return `${label} value must be greater than ${least}`;
  dir[field] = { isAdjusted: false, width: number };
  return undefined;
}

function subject(kind: ItemKind, to: string): string {
  if (kind === 'path' && to === '**DIRECTORY**') return '^^DIRECTORY^^';
  return kind === 'encoding' ? to.toLowerCase() : to;
}

function addAlt(kind: ItemKind) {
  return (cmd: Cmd, alt: string, to: string): ApplyResult => {
    cmd.dir.alts = [...(cmd.dir.alts ?? []), makeItem(kind, subject(kind, to), cmd.path, alt)];
    return undefined;
  };
}

/** `(ALT,icon)` or `icon` (add_icon). */
function addIcon(kind: ItemKind) {
  const alternate = addAlt(kind);
  return (cmd: Cmd, text: string, to: string): ApplyResult => {
    let icon = text;
    if (text.startsWith('(')) {
      const close = text.indexOf(')');
      if (close < 0) return 'missing closing paren';
      const comma = text.indexOf(',');
      const end = comma < 0 ? text.length : comma;
      alternate(cmd, text.slice(1, Math.min(end, close)), to);
      icon = comma < 0 ? '' : text.slice(comma + 1, close);
    }
    cmd.dir.icons = [...(cmd.dir.icons ?? []), makeItem(kind, subject(kind, to), cmd.path, icon)];
    return undefined;
  };
}

function indexOrder(cmd: Cmd, direction: string, key: string): ApplyResult {
  const first = direction.toLowerCase();
  if (first !== 'ascending' && first !== 'descending')
    return "First keyword must be 'Ascending' or 'Descending'";
  const letter = { name: 'N', date: 'M', size: 'S', description: 'D' }[key.toLowerCase()];
  if (letter === undefined) return "Second keyword must be 'Name', 'Date', 'Size', or 'Description'";
  cmd.dir.defaultDirection = first === 'ascending' ? 'A' : 'D';
  cmd.dir.defaultKey = letter;
  return undefined;
}

const NO_FANCY = 'The FancyIndexing directive is no longer supported. Use IndexOptions FancyIndexing.';
const where = OR_INDEXES;
type Row = AnyRow<object, DirConf>;

const list = (
  name: string,
  usage: string,
  apply: (cmd: Cmd, first: string, word: string) => ApplyResult,
): Row => ({
  name,
  shape: 'ITERATE2',
  where,
  usage,
  apply,
});
const text = (name: string, usage: string, apply: (cmd: Cmd, value: string) => undefined): Row => ({
  name,
  shape: 'TAKE1',
  where,
  usage,
  apply,
});

export const directives: readonly Row[] = [
  list('AddIcon', 'an icon URL followed by one or more filenames', addIcon('path')),
  list('AddIconByType', 'an icon URL followed by one or more MIME types', addIcon('type')),
  list('AddIconByEncoding', 'an icon URL followed by one or more content encodings', addIcon('encoding')),
  list('AddAlt', 'alternate descriptive text followed by one or more filenames', addAlt('path')),
  list('AddAltByType', 'alternate descriptive text followed by one or more MIME types', addAlt('type')),
  list(
    'AddAltByEncoding',
    'alternate descriptive text followed by one or more content encodings',
    addAlt('encoding'),
  ),
  {
    name: 'IndexOptions',
    shape: 'RAW_ARGS',
    where,
    usage: 'one or more index options [+|-][]',
    apply: indexOptions,
  },
  {
    name: 'IndexOrderDefault',
    shape: 'TAKE2',
    where,
    usage: '{Ascending,Descending} {Name,Size,Description,Date}',
    apply: indexOrder,
  },
  {
    name: 'IndexIgnore',
    shape: 'ITERATE',
    where,
    usage: 'one or more file extensions',
    apply: (cmd, word) =>
      void (cmd.dir.ignored = [...(cmd.dir.ignored ?? []), makePlainItem(word, cmd.path, '')]),
  },
  {
    name: 'IndexIgnoreReset',
    shape: 'FLAG',
    where,
    usage: 'Reset the inherited list of IndexIgnore filenames',
    apply: (cmd, on) => void (cmd.dir.ignoreReset = on),
  },
  list('AddDescription', 'Descriptive text followed by one or more filenames', (cmd, description, to) => {
    cmd.dir.descriptions = [...(cmd.dir.descriptions ?? []), makeDescription(to, description)];
  }),
  text('HeaderName', 'a filename', (cmd, name) => {
    cmd.dir.headers = [...(cmd.dir.headers ?? []), makePlainItem('', cmd.path, name)];
  }),
  text('ReadmeName', 'a filename', (cmd, name) => {
    cmd.dir.readmes = [...(cmd.dir.readmes ?? []), makePlainItem('', cmd.path, name)];
  }),
  { name: 'FancyIndexing', shape: 'RAW_ARGS', where: OR_ALL, usage: NO_FANCY, apply: () => NO_FANCY },
  text('DefaultIcon', 'an icon URL', (cmd, icon) => void (cmd.dir.defaultIcon = icon)),
  text('IndexStyleSheet', 'URL to style sheet', (cmd, url) => void (cmd.dir.styleSheet = url)),
  text(
    'IndexHeadInsert',
    'String to insert in HTML HEAD section',
    (cmd, html) => void (cmd.dir.headInsert = html),
  ),
];

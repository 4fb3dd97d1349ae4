/** Core's directives that act while the text is read (httpd's server/core.c), and Error. The core module lists them among its own. */

import { asciiLower } from '../../lib/ascii.ts';
import { ACCESS_CONF, type AnyRow, type ApplyResult, OR_ALL, RSRC_CONF } from '../directive.ts';
import { getWord, sectionText } from '../words.ts';
import { rootRelative } from './files.ts';
import { resolveInclude } from './include.ts';
import type { OnRead, ReadCommand } from './on-read.ts';

type Row = AnyRow<unknown, unknown>;

/** Rows that act on reading never reach the tree, so that nothing is left to apply. */
const nothing = (): undefined => undefined;

function wrongName(name: string): string | undefined {
  return name.includes(':') ? "Variable name must not contain ':'" : undefined;
}

const define: OnRead = (cmd, [name = '', value]) => {
  const wrong = wrongName(name);
  if (wrong !== undefined) return wrong;
  cmd.reading.defined.add(name);
  if (value !== undefined) cmd.reading.variables.set(asciiLower(name), value);
  return undefined;
};

const unDefine: OnRead = (cmd, [name = '']) => {
  const wrong = wrongName(name);
  if (wrong !== undefined) return wrong;
  cmd.reading.defined.delete(name);
  cmd.reading.variables.delete(asciiLower(name));
  return undefined;
};

const include =
  (optional: boolean): OnRead =>
  (cmd, [name = '']) => {
    cmd.includeFiles(resolveInclude(name, cmd.reading.serverRoot, optional, cmd.reading.files));
    return undefined;
  };

const serverRoot: OnRead = (cmd, [name = '']) => {
  const { reading } = cmd;
  // Relative to where the program was started, not to the root before.
  const path = rootRelative(process.cwd(), name);
  if (!reading.isDirectory(path)) return 'ServerRoot must be a valid directory';
  reading.serverRoot = path === '/' ? path : path.replace(/\/+$/, '');
  return undefined;
};

const runtimeDir: OnRead = ({ reading }, [name = '']) => {
  const path = reading.serverRootRelative(name);
  if (!reading.isDirectory(path))
    return 'DefaultRuntimeDir must be a valid directory, absolute or relative to ServerRoot';
  reading.runtimeDir = path;
  return undefined;
};

/** A condition of a section that is read or skipped: the word of its header, and whether a `!` stood in front of it. */
type Condition = (cmd: ReadCommand, word: string) => boolean;

const conditional =
  (holds: Condition): OnRead =>
  (cmd, [text = '']): ApplyResult => {
    const header = sectionText(text);
    if (header === undefined) return `${cmd.name}> directive missing closing '>'`;
    const isNegated = header.startsWith('!');
    const [word] = getWord(isNegated ? header.slice(1) : header);
    if (word === '') return `${cmd.name}> directive requires additional arguments`;
    if (holds(cmd, word) === isNegated) return cmd.skipSection();
    cmd.readSection();
    return undefined;
  };

const isModuleLoaded: Condition = ({ reading }, word) => {
  if (reading.loaded.has(word)) return true;
  for (const module of reading.loaded.values()) if (module.file === word) return true;
  return false;
};

function section(name: string, usage: string, holds: Condition): Row {
  return { name, shape: 'RAW_ARGS', where: OR_ALL, usage, onRead: conditional(holds), apply: nothing };
}

/** Directives of core that act while the text is read; and `Error`, which does so when it is applied. */
export const coreReadRows: readonly Row[] = [
  {
    name: 'Define',
    shape: 'TAKE12',
    where: RSRC_CONF | ACCESS_CONF,
    usage: 'Define a variable, optionally to a value.  Same as passing -D to the command line.',
    onRead: define,
    apply: nothing,
  },
  {
    name: 'UnDefine',
    shape: 'TAKE1',
    where: RSRC_CONF | ACCESS_CONF,
    usage: 'Undefine the existence of a variable. Undo a Define.',
    onRead: unDefine,
    apply: nothing,
  },
  {
    name: 'Include',
    shape: 'TAKE1',
    where: RSRC_CONF | ACCESS_CONF,
    usage:
      'Name(s) of the config file(s) to be included; fails if the wildcard does not match at least one file',
    onRead: include(false),
    apply: nothing,
  },
  {
    name: 'IncludeOptional',
    shape: 'TAKE1',
    where: RSRC_CONF | ACCESS_CONF,
    usage:
      'Name or pattern of the config file(s) to be included; ignored if the file does not exist or the pattern does not match any files',
    onRead: include(true),
    apply: nothing,
  },
  {
    name: 'ServerRoot',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Common directory of server-related files (logs, confs, etc.)',
    onRead: serverRoot,
    apply: nothing,
  },
  {
    name: 'DefaultRuntimeDir',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Common directory for run-time files (shared memory, locks, etc.)',
    onRead: runtimeDir,
    apply: nothing,
  },
  section('<IfModule', 'Container for directives based on existence of specified modules', isModuleLoaded),
  section('<IfDefine', 'Container for directives based on existence of command line defines', (cmd, word) =>
    cmd.reading.defined.has(word),
  ),
  section('<IfFile', 'Container for directives based on existence of files on disk', (cmd, word) =>
    cmd.reading.fileExists(cmd.reading.serverRootRelative(word)),
  ),
  section('<IfDirective', 'Container for directives based on existence of named directive', (cmd, word) =>
    cmd.reading.hasDirective(asciiLower(word)),
  ),
  section('<IfSection', 'Container for directives based on existence of named section', (cmd, word) =>
    cmd.reading.hasDirective(`<${asciiLower(word)}`),
  ),
  {
    name: 'Error',
    shape: 'RAW_ARGS',
    where: OR_ALL,
    usage: 'Generate error message from within configuration',
    apply: (_cmd: unknown, text: string): string =>
      text === '' ? 'The Error directive was used with no message.' : errorMessage(text),
  },
];

/** Quotes around the whole message are taken off (generate_error); what stands inside is left as it is. */
function errorMessage(text: string): string {
  const quote = text[0] ?? '';
  return /["']/.test(quote) && text.endsWith(quote) ? text.slice(1, -1) : text;
}

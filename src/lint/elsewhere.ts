/**
 * What is wrong only where the text is looked at: files, users, modules and variables that the machine which serves may have. httpd's messages
 * of such errors become notes; those of what httpd has and apache-lite lacks become warnings.
 */
import type { Problem } from '../diagnostics/problem.ts';
import { positionOf, type Span } from '../diagnostics/source.ts';
import { foreignHint } from './foreign.ts';

/** Codes of this file and of unknown.ts and skipped.ts, for the manual's table. */
export const READING_CODES: Readonly<Record<string, string>> = {
  AL1001: 'what belongs to a module that is not httpd’s own is not checked',
  AL1002: 'httpd has it, apache-lite does not: it is not checked, and the server refuses it',
  AL1003: 'a file, directory, program or user name that is not on this machine',
  AL1004: 'a line with a variable that nothing here defines is not checked',
};

/** Errors about what the machine does not have, as httpd and this program word them. */
const MACHINE: readonly RegExp[] = [
  /^Could not open configuration file /,
  /^Include\/IncludeOptional: (?:No matches for|Could not open directory)/,
  /^ServerRoot must be a valid directory/,
  /^DefaultRuntimeDir must be a valid directory/,
  /bad (?:user|group) name /,
  /^Cannot load .*cannot open shared object file/,
  /: (?:file|directory) '[^']*' does not exist/,
  /does not exist or is (?:empty|not a directory)/,
  /^DocumentRoot '.*' is not a directory, or is not readable/,
  /^ChrootDir must be a valid directory/,
  /^RewriteMap: file for map /,
  /^SessionCryptoPassphraseFile: Could not open/,
  /does not exist$/,
  /^AH00112: |^DocumentRoot \[.*\] does not exist/,
  /Could not resolve host name/,
  /^(?:Invalid|Unable to open) .*(?:No such file|Permission denied)/,
];

/** Ones that apache-lite makes of what httpd accepts. */
const LACKING: readonly RegExp[] = [
  /^Cannot load .*is part of httpd but not of apache-lite/,
  / is not supported by apache-lite/,
  /^ChrootDir is not supported$/,
  /^SessionCryptoDriver: there are no engines here/,
  /^SSLSessionCache: '(?:dbm|memcache|redis|dc)' session cache not supported/,
  /^Unknown Auth[nz] provider: (?:ldap|dbd|fcgi)/,
  /^Unknown filter provider (?:INCLUDES|SUBSTITUTE|SED|XML2ENC|PROXY-HTML|RATE_LIMIT|BUFFER|BROTLI_COMPRESS|CHARSET|REFLECTOR|CACHE)$/i,
];
const FOREIGN = /^Cannot load .*: module (\S+) is not one of httpd's own/;

export function isForeignModule(message: string): boolean {
  return FOREIGN.test(message);
}

/** Whether an Include named what is not here. */
export function isElsewhere({ severity, message }: Problem): boolean {
  return (
    severity === 'error' && /^(?:Could not open configuration file|Include\/IncludeOptional:)/.test(message)
  );
}

/** The problem as lint reports it; undefined for one that says nothing more. `undefinedOn`: lines that name undefined variables, as undefinedLines() answers. */
export function settleProblem(problem: Problem, undefinedOn: ReadonlySet<string>): Problem | undefined {
  const { severity, message, span, code } = problem;
  // Variables are the machine's.
  if (severity === 'warning' && (code === 'AH00111' || code === 'AH01506'))
    return { ...problem, severity: 'note' };
  const foreign = FOREIGN.exec(message)?.[1];
  if (foreign !== undefined) {
    const said = `module ${foreign} is not one of httpd's own: its directives are not checked`;
    return { ...problem, code: 'AL1001', severity: 'note', message: said };
  }
  if (LACKING.some((pattern) => pattern.test(message)))
    return { ...problem, code: 'AL1002', severity: 'warning' };
  const isUndefined = span !== undefined && undefinedOn.has(lineKey(span));
  if (MACHINE.some((pattern) => pattern.test(message))) {
    // That the variable is undefined is said already, and what it will stand for is not known.
    return isUndefined ? undefined : { ...problem, code: 'AL1003', severity: 'note' };
  }
  if (severity !== 'error') return problem;
  const command = /^Invalid command '(.*?)'/.exec(message)?.[1];
  // A variable may be a part of any argument, but the directive is what it is.
  const isCertain = command !== undefined && !command.includes('${');
  if (isUndefined && !isCertain) return { ...problem, code: 'AL1004', severity: 'note' };
  const hint = command === undefined ? misplacedHint(problem) : (problem.hint ?? foreignHint(command));
  return hint === undefined ? problem : { ...problem, hint };
}

/** To lint every class of directives is granted. */
function misplacedHint({ hint }: Problem): string | undefined {
  if (hint?.startsWith('AllowOverride of this directory') !== true) return undefined;
  return "it has no place in .htaccess: write it into the server's own configuration";
}

/** The lines on which variables are undefined. */
export function undefinedLines(problems: readonly Problem[]): ReadonlySet<string> {
  const lines = new Set<string>();
  for (const { code, span } of problems)
    if (code === 'AH00111' && span !== undefined) lines.add(lineKey(span));
  return lines;
}

function lineKey({ source, start }: Span): string {
  return `${source.name}:${positionOf(source, start).line}`;
}

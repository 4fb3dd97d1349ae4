/** `${VAR}` in a configuration line (ap_resolve_env of httpd's server/core.c): expanded once, in the whole line, before the name is read. */
import { asciiLower } from '../../lib/ascii.ts';

/** Variables of the process, as far as the reading is to know them; byte strings, names keep their case. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where values come from: Define first, its names in any case, then the environment, its names as they are. */
export interface VariableSources {
  readonly variables: ReadonlyMap<string, string>;
  readonly environment: Environment;
}

/**
 * Expands the variables of a joined line; values are not expanded again. A name without a value stays as written and is handed to
 * `missing`, except one with a colon, which is left for others (`${map:key}` of mod_rewrite).
 */
export function expandVariables(
  line: string,
  sources: VariableSources,
  missing: (name: string) => void,
): string {
  let open = line.indexOf('${');
  if (open < 0) return line;
  const pieces: string[] = [];
  let done = 0;
  while (open >= 0) {
    const close = line.indexOf('}', open + 2);
    if (close < 0) break;
    const name = line.slice(open + 2, close);
    const value = lookUp(name, sources);
    if (value !== undefined) {
      pieces.push(line.slice(done, open), value);
      done = close + 1;
    } else if (!name.includes(':')) {
      missing(name);
    }
    open = line.indexOf('${', close + 1);
  }
  pieces.push(line.slice(done));
  return pieces.join('');
}

function lookUp(name: string, { variables, environment }: VariableSources): string | undefined {
  return variables.get(asciiLower(name)) ?? environmentVariable(environment, name);
}

export function environmentVariable(environment: Environment, name: string): string | undefined {
  // Records inherit from Object.prototype: `toString` is no variable.
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

/** A macro's text and its parameters' places in it (substitute_macro_args of mod_macro.c). */

export interface Macro {
  readonly name: string;
  /** `defined on line N of "F"`. */
  readonly location: string;
  readonly parameters: readonly string[];
  /** Joined and trimmed; comments are left out, empty lines are there. */
  readonly lines: readonly string[];
}

interface Found {
  readonly at: number;
  readonly index: number;
}

/** The next parameter in a line: the first place where one stands; of several there, the longest name. */
function nextParameter(line: string, from: number, parameters: readonly string[]): Found | undefined {
  let best: Found | undefined;
  for (const [index, parameter] of parameters.entries()) {
    const at = line.indexOf(parameter, from);
    if (at < 0) continue;
    const isLonger = best?.at === at && parameter.length > (parameters[best.index] ?? '').length;
    if (best === undefined || at < best.at || isLonger) best = { at, index };
  }
  return best;
}

/** Puts values in place of parameters; values are not looked at again. Undefined when the line gets too long. */
export function substituteLine(
  line: string,
  parameters: readonly string[],
  values: readonly string[],
  limit: number,
): string | undefined {
  let result = '';
  let from = 0;
  for (
    let found = nextParameter(line, 0, parameters);
    found !== undefined;
    found = nextParameter(line, from, parameters)
  ) {
    result += line.slice(from, found.at) + (values[found.index] ?? '');
    from = found.at + (parameters[found.index] ?? '').length;
    if (result.length >= limit) return undefined;
  }
  result += line.slice(from);
  return result.length >= limit ? undefined : result;
}

/** Indexes of the parameters that the text uses. */
export function usedParameters({ lines, parameters }: Macro): ReadonlySet<number> {
  const used = new Set<number>();
  for (const line of lines) {
    let from = 0;
    for (
      let found = nextParameter(line, 0, parameters);
      found !== undefined;
      found = nextParameter(line, from, parameters)
    ) {
      used.add(found.index);
      from = found.at + (parameters[found.index] ?? '').length;
    }
  }
  return used;
}

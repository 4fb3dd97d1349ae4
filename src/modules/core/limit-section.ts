/** `<Limit>` and `<LimitExcept>` (ap_limit_section of server/core.c). */
import type { ApplyResult, Command } from '../../config/directive.ts';
import { getWord, sectionText } from '../../config/words.ts';
import {
  type CoreDirConf,
  type CoreServerConf,
  coreServerOf,
  isRegisteredMethod,
} from '../../core/core-config.ts';

type Cmd = Command<CoreServerConf, CoreDirConf>;

/** The methods that a section and the one around it have in common. */
function inBoth(
  methods: ReadonlySet<string>,
  isExcept: boolean,
  { limited, limitExcept }: Pick<Cmd, 'limited' | 'limitExcept'>,
): { limited: ReadonlySet<string>; limitExcept: boolean } {
  if (limited === undefined) return { limited: methods, limitExcept: isExcept };
  if (isExcept && limitExcept) return { limited: new Set([...methods, ...limited]), limitExcept: true };
  const [listed, other, isLeftOut] = isExcept ? [limited, methods, true] : [methods, limited, limitExcept];
  return {
    limited: new Set([...listed].filter((method) => other.has(method) !== isLeftOut)),
    limitExcept: false,
  };
}

export function limitSection(cmd: Cmd, text: string): ApplyResult {
  const { name, key } = cmd.node;
  const args = sectionText(text);
  if (args === undefined) return `<${name}> directive missing closing '>'`;
  const methods = new Set<string>();
  for (let rest = args; ; ) {
    const [method, more] = getWord(rest);
    if (method === '') break;
    if (method === 'TRACE') return 'TRACE cannot be controlled by <Limit>, see TraceEnable';
    if (!isRegisteredMethod(cmd.mainServer, method)) {
      if (cmd.isHtaccess)
        return `Could not register method '${method}' for <${name} from .htaccess configuration`;
      const main = coreServerOf({ serverConfigs: cmd.mainServer });
      main.registeredMethods = [...(main.registeredMethods ?? []), method];
    }
    methods.add(method);
    rest = more;
  }
  if (args.trim() === '') return `<${name}> directive requires additional arguments`;
  const isExcept = key === '<limitexcept';
  if (cmd.limited !== undefined) {
    if (isExclusive(methods, isExcept, cmd.limited, cmd.limitExcept))
      return `<${name}> directive excludes all methods`;
    if (isRedundant(methods, isExcept, cmd.limited, cmd.limitExcept))
      return `<${name}> directive specifies methods already excluded`;
  }
  cmd.walkChildren(inBoth(methods, isExcept, cmd));
  return undefined;
}

/** Whether a section and the one around it have no method in common. */
function isExclusive(
  inner: ReadonlySet<string>,
  innerExcept: boolean,
  outer: ReadonlySet<string>,
  outerExcept: boolean,
): boolean {
  if (innerExcept && outerExcept) return false;
  const [listed, other, isExcept] = innerExcept ? [outer, inner, true] : [inner, outer, outerExcept];
  return [...listed].every((method) => other.has(method) === isExcept);
}

/** Whether a section names methods that the one around it leaves out: one of them for `<Limit>`, all of them for `<LimitExcept>`. */
function isRedundant(
  inner: ReadonlySet<string>,
  innerExcept: boolean,
  outer: ReadonlySet<string>,
  outerExcept: boolean,
): boolean {
  const isOutside = (method: string): boolean => outer.has(method) === outerExcept;
  return innerExcept ? [...inner].every(isOutside) : [...inner].some(isOutside);
}

/** mod_substitute: patterns replaced in answers, line by line (modules/filters/mod_substitute.c): the output filter SUBSTITUTE. Complete. */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../../config/directive.ts';
import type { BodyWriter, OutputFilter } from '../../../core/body.ts';
import { FilterType, OUTPUT_FILTER } from '../../../core/filters.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { LineWriter } from './line-writer.ts';
import { parseRule, type Rule } from './rules.ts';

export interface DirConf {
  rules?: readonly Rule[];
  /** Bytes of a line with its end. */
  maxLineLength?: number;
  /** Rules of the sections around come first. */
  inheritBefore?: boolean;
}
type Cmd = Command<object, DirConf>;

const DEFAULT_LENGTH = 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const MOST = 2n ** 63n - 1n;

function addRule(cmd: Cmd, line: string): ApplyResult {
  const rule = parseRule(line);
  if (typeof rule === 'string') return rule;
  cmd.dir.rules = [...(cmd.dir.rules ?? []), rule];
  return undefined;
}

function maxLineLength(cmd: Cmd, text: string): ApplyResult {
  const [, digits, unit = ''] = /^\s*\+?(\d+)([bkmg]?)$/i.exec(text) ?? [];
  if (digits === undefined)
    return "SubstituteMaxLineLength must be a non-negative integer optionally suffixed with 'b', 'k', 'm' or 'g'.";
  const size = BigInt(digits) * BigInt(UNITS[unit.toLowerCase()] ?? 1);
  if (size > MOST) return 'SubstituteMaxLineLength value too large';
  cmd.dir.maxLineLength = Number(size);
  return undefined;
}

const where = OR_FILEINFO | RSRC_CONF | ACCESS_CONF;
const directives: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'Substitute',
    shape: 'TAKE1',
    where,
    usage: 'Pattern to filter the response content (s/foo/bar/[inf])',
    apply: addRule,
  },
  {
    name: 'SubstituteMaxLineLength',
    shape: 'TAKE1',
    where,
    usage: 'Maximum line length',
    apply: maxLineLength,
  },
  {
    name: 'SubstituteInheritBefore',
    shape: 'FLAG',
    where,
    usage: 'Apply inherited patterns before those of the current context',
    apply: (cmd, on) => void (cmd.dir.inheritBefore = on),
  },
];

/** The newer section's rules come first, unless it says otherwise; its other settings go before. */
export function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = { ...base, ...add };
  if (base.rules !== undefined && add.rules !== undefined)
    merged.rules =
      merged.inheritBefore === true ? [...base.rules, ...add.rules] : [...add.rules, ...base.rules];
  return merged;
}

/** SUBSTITUTE (substitute_filter). */
function start(r: Request, next: BodyWriter): BodyWriter | undefined {
  const { rules, maxLineLength = DEFAULT_LENGTH } = modSubstitute.dir(r);
  if (rules === undefined) return undefined;
  r.headersOut.delete('content-length');
  return new LineWriter(r, next, rules, maxLineLength);
}

const substitute: OutputFilter = { type: FilterType.resource, start };

export const modSubstitute = defineModule<object, DirConf>({
  name: 'substitute_module',
  file: 'mod_substitute.c',
  directives,
  mergeDir,
  providers: { [OUTPUT_FILTER]: { substitute } },
});

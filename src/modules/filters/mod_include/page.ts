/** A page being parsed: what its elements see and change (include_ctx_t of mod_include.h). */
import { allowedOptions, coreDir, OPT_INC_WITH_EXEC } from '../../../core/core-config.ts';
import type { Answer } from '../../../core/hooks.ts';
import type { IncludePage } from '../../../core/include-element.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { decodeEntities } from './codes.ts';
import type { DirConf } from './conf.ts';
import { expandVariables } from './expand.ts';
import { type Groups, lazyValue, type SharedVariables, TimeFormat } from './variables.ts';

const ERROR = '[an error occurred while processing this directive]';
const TIME = '%A, %d-%b-%Y %H:%M:%S %Z';
const UNDEFINED = '(none)';

/** Where a page's output goes. */
export interface PageOutput {
  put(text: string): void;
  stream(): ReturnType<IncludePage['output']>;
  run(sub: Request): Answer;
}

export class Page implements IncludePage {
  readonly r: Request;
  readonly mayExec: boolean;
  readonly isLegacy: boolean;
  readonly shared: SharedVariables;
  errorText: string;
  undefinedText: string;
  time: TimeFormat;
  /** fsize in bytes instead of `1.0K`. */
  showsBytes = false;
  isPrinting = true;
  /** A branch of the `if` at hand was shown. */
  isTaken = true;
  /** Depth of `if`s within a branch that is not shown. */
  hiddenDepth = 0;
  /** An element that is not shown was written wrongly: as in httpd, none is handled until one is shown. */
  isBroken = false;
  groups: Groups | undefined;
  readonly #output: PageOutput;

  constructor(r: Request, conf: Readonly<DirConf>, shared: SharedVariables, output: PageOutput) {
    this.r = r;
    this.mayExec = (allowedOptions(coreDir(r)) & OPT_INC_WITH_EXEC) !== 0;
    this.isLegacy = conf.legacyExpressions === true;
    this.shared = shared;
    this.errorText = conf.errorText ?? ERROR;
    this.undefinedText = conf.undefinedText ?? UNDEFINED;
    this.time = new TimeFormat(conf.timeFormat ?? TIME);
    this.#output = output;
  }

  get filename(): string {
    return this.r.filename ?? '';
  }
  decode(value: string): string {
    return decodeEntities(value);
  }
  expand(text: string, keepsUnknown = false): string {
    const expansion = {
      variable: (name: string) => this.variable(name),
      onMissingBrace: (rest: string) =>
        this.log(Level.error, 'AH01331', `Missing '}' on variable "${rest}" in ${this.filename}`),
    };
    return expandVariables(text, expansion, keepsUnknown);
  }
  put(text: string): void {
    if (text !== '') this.#output.put(text);
  }
  putError(): void {
    this.put(this.errorText);
  }
  output(): ReturnType<IncludePage['output']> {
    return this.#output.stream();
  }
  runSubrequest(sub: Request): Answer {
    return this.#output.run(sub);
  }
  complain(tag: string, message: string): void {
    this.log(this.isPrinting ? Level.error : Level.warn, tag, `${message} in ${this.filename}`);
  }
  log(level: number, tag: string, message: string): void {
    logRequest(this.r, 'include', level, tag, message);
  }

  /** A variable's value (get_include_var). */
  variable(name: string): string | undefined {
    if (/^[0-9]$/.test(name)) return this.#group(Number(name));
    const key = name.toUpperCase();
    if (this.shared.lazy.delete(key)) this.r.env.set(name, lazyValue(this.r, this.shared, key, this.time));
    return this.r.getEnv(name);
  }

  /** Every variable, in the order they were set. */
  variables(): IterableIterator<[name: string, value: string]> {
    for (const name of this.shared.lazy)
      this.r.env.set(name, lazyValue(this.r, this.shared, name, this.time));
    this.shared.lazy.clear();
    return this.r.env[Symbol.iterator]();
  }

  setVariable(name: string, value: string): void {
    this.shared.lazy.delete(name.toUpperCase());
    this.r.env.set(name, value);
  }

  /** Dates are written anew (config timefmt). */
  setTimeFormat(format: string): void {
    this.time = new TimeFormat(format);
    for (const name of ['DATE_LOCAL', 'DATE_GMT', 'LAST_MODIFIED'])
      this.setVariable(name, lazyValue(this.r, this.shared, name, this.time));
  }

  #group(number: number): string | undefined {
    const { groups } = this;
    if (groups === undefined) {
      this.log(Level.warn, 'AH01329', `regex capture $${number} refers to no regex in ${this.filename}`);
      return undefined;
    }
    if (number > groups.count) {
      const message = `regex capture $${number} is out of range (last regex was: '${groups.source}') in ${this.filename}`;
      this.log(Level.warn, 'AH01330', message);
      return undefined;
    }
    return groups.groups[number];
  }
}

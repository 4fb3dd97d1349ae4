/** if, elif, else, endif (handle_if and its like in mod_include.c). */
import { RequestExprContext } from '../../../core/expression-context.ts';
import type { IncludeArgument } from '../../../core/include-element.ts';
import { Level } from '../../../core/log.ts';
import { lookupUri } from '../../../core/subrequest.ts';
import {
  type BooleanExpr,
  type CompileResult,
  compileBoolean,
  type ExprContext,
  ExprEvaluationError,
  type ExprExtensions,
} from '../../../expr/index.ts';
import { LruCache } from '../../../lib/lru.ts';
import { type PcreDefaults, withPcreDefaults } from '../../../lib/pcre/index.ts';
import { evaluateLegacy, type LegacyResult } from './legacy-expression.ts';
import type { Page } from './page.ts';

type Args = readonly IncludeArgument[];
type Numbers = Readonly<Record<'tooMany' | 'missing' | 'unknown' | 'noValue', string>>;

const IF: Numbers = { tooMany: 'AH01352', missing: 'AH01353', unknown: 'AH01354', noValue: 'AH01355' };
const ELIF: Numbers = { tooMany: 'AH01356', missing: 'AH01357', unknown: 'AH01358', noValue: 'AH01359' };

/** A condition of the page: it sees the page's variables, and leaves its groups there. */
class PageExprContext extends RequestExprContext {
  readonly page: Page;

  constructor(page: Page) {
    super(page.r);
    this.page = page;
  }
  override environment(name: string): string | undefined {
    return this.page.variable(name);
  }
}

/** `v()`, `reqenv()` and `env()` know the variables that are made when someone looks. */
const extensions: ExprExtensions<PageExprContext> = {
  stringFunction: (name) => (name === 'v' || name === 'reqenv' || name === 'env' ? readVariable : undefined),
};
const readVariable = (context: PageExprContext, name: string): string | undefined =>
  context.page.variable(name);

/** The condition of an element; undefined when the element is wrong, which has been told. */
function conditionOf(page: Page, args: Args, element: 'if' | 'elif', numbers: Numbers): string | undefined {
  const [first] = args;
  if (args.length !== 1 || first === undefined) return undefined;
  if (first.name !== 'expr')
    page.log(
      Level.error,
      numbers.unknown,
      `unknown parameter "${first.name}" to tag ${element} in ${page.filename}`,
    );
  else if (first.value === undefined)
    page.log(
      Level.error,
      numbers.noValue,
      element === 'if'
        ? `missing expr value for if element in ${page.filename}`
        : `missing expr in elif statement: ${page.filename}`,
    );
  else return first.value;
  return undefined;
}

function checkCount(page: Page, args: Args, element: 'if' | 'elif', numbers: Numbers, level: number): void {
  if (args.length === 1) return;
  const what = args.length > 1 ? 'too many arguments' : 'missing expr argument';
  const tag = args.length > 1 ? numbers.tooMany : numbers.missing;
  page.log(level, tag, `${what} for ${element} element in ${page.filename}`);
}

function refuse(page: Page): undefined {
  page.isPrinting = false;
  page.putError();
  return undefined;
}

/** Shows or hides what follows. `undefined`: the condition could not be read, which has been told. */
function decide(page: Page, holds: boolean | undefined): undefined {
  if (holds === undefined) return refuse(page);
  page.isPrinting = page.isTaken = holds;
  return undefined;
}

function branch(page: Page, expression: string): undefined | Promise<void> {
  const holds = page.isLegacy ? evaluateOld(page, expression) : evaluate(page, expression);
  if (holds instanceof Promise) return holds.then((value) => decide(page, value));
  return decide(page, holds);
}

type Outcome = boolean | undefined | Promise<boolean | undefined>;

type Compiled = CompileResult<BooleanExpr<PageExprContext>>;

/** Conditions by their text, for a configuration: pages say the same at each view. */
const compiledFor = new WeakMap<PcreDefaults, LruCache<string, Compiled>>();
const MOST_COMPILED = 512;
/** Longer ones are not kept (bytes). */
const LONGEST_COMPILED = 1024;

function compileCondition(defaults: PcreDefaults, expression: string): Compiled {
  let known = compiledFor.get(defaults);
  if (known === undefined) {
    known = new LruCache(MOST_COMPILED);
    compiledFor.set(defaults, known);
  }
  let compiled = known.get(expression);
  if (compiled !== undefined) return compiled;
  compiled = withPcreDefaults(defaults, () =>
    compileBoolean<PageExprContext>(expression, {
      restricted: 'include',
      captures: 'shared',
      extensions: extensions as ExprExtensions<PageExprContext>,
    }),
  );
  if (expression.length <= LONGEST_COMPILED) known.set(expression, compiled);
  return compiled;
}

function evaluate(page: Page, expression: string): Outcome {
  const compiled = compileCondition(page.r.configuration.pcreDefaults, expression);
  if (!compiled.ok) {
    const message = `Could not parse expr "${expression}" in ${page.filename}: ${compiled.error.message}`;
    page.log(Level.error, 'AH01337', message);
    return undefined;
  }
  const context = new PageExprContext(page);
  context.captures = page.groups?.groups;
  const failed = (error: unknown): undefined => {
    if (!(error instanceof ExprEvaluationError)) throw error;
    page.log(
      Level.error,
      'AH01338',
      `Could not evaluate expr "${expression}" in ${page.filename}: ${error.message}`,
    );
    return undefined;
  };
  const keep = (value: boolean): boolean => {
    keepGroups(page, context, expression);
    return value;
  };
  try {
    const value = compiled.expr.evaluate(context);
    return typeof value === 'boolean' ? keep(value) : value.then(keep).catch(failed);
  } catch (error) {
    return failed(error);
  }
}

/** Patterns without groups leave those of before; of a pattern with groups only `$0` is seen, the count of its groups being lost. */
function keepGroups(page: Page, context: ExprContext, source: string): void {
  const { captures } = context;
  if (captures === page.groups?.groups) return;
  if (captures === undefined) {
    if (page.groups !== undefined) page.groups = { ...page.groups, groups: [] };
  } else if (captures.length > 1) page.groups = { source, groups: captures, count: 0 };
}

function evaluateOld(page: Page, expression: string): Outcome {
  const settle = (result: LegacyResult): boolean | undefined => {
    if (typeof result === 'boolean') return result;
    page.log(Level.error, result.tag, result.message(expression, page.filename));
    return undefined;
  };
  const result = evaluateLegacy(expression, {
    pcreDefaults: page.r.configuration.pcreDefaults,
    expand: (text) => page.expand(text),
    canAccess: (uri) => canAccess(page, uri),
    onMatch: (_, source, groups, count) => {
      page.groups = groups === undefined ? undefined : { source, groups, count };
    },
    onBadPattern: (pattern) => page.log(Level.error, 'AH02667', `unable to compile pattern "${pattern}"`),
  });
  return result instanceof Promise ? result.then(settle) : settle(result);
}

function canAccess(page: Page, uri: string): boolean | Promise<boolean> {
  const judge = (status: number): boolean => {
    if (status < 400) return true;
    page.log(Level.info, 'AH01336', `mod_include: The tested subrequest -A "${uri}" returned an error code.`);
    return false;
  };
  const sub = lookupUri(page.r, uri);
  return sub instanceof Promise ? sub.then((found) => judge(found.status)) : judge(sub.status);
}

function onIf(page: Page, args: Args): undefined | Promise<void> {
  checkCount(page, args, 'if', IF, page.isPrinting ? Level.error : Level.warn);
  if (!page.isPrinting) {
    page.hiddenDepth++;
    return undefined;
  }
  const expression = conditionOf(page, args, 'if', IF);
  return expression === undefined ? refuse(page) : branch(page, expression);
}

/** Of elements in branches that are hidden as a whole only a warning is heard. */
const levelOf = (page: Page): number => (page.hiddenDepth === 0 ? Level.error : Level.warn);

function onElif(page: Page, args: Args): undefined | Promise<void> {
  checkCount(page, args, 'elif', ELIF, levelOf(page));
  if (page.hiddenDepth > 0) return undefined;
  const expression = conditionOf(page, args, 'elif', ELIF);
  if (expression === undefined) return refuse(page);
  if (page.isTaken) {
    page.isPrinting = false;
    return undefined;
  }
  return branch(page, expression);
}

/** Whether the element has its say; it takes no arguments. */
function isPlain(page: Page, args: Args, tag: string, name: string): boolean {
  if (args.length > 0)
    page.log(levelOf(page), tag, `${name} directive does not take tags in ${page.filename}`);
  if (page.hiddenDepth > 0) return false;
  if (args.length === 0) return true;
  page.putError();
  return false;
}

function onElse(page: Page, args: Args): undefined {
  if (!isPlain(page, args, 'AH01360', 'else')) return;
  if (page.isTaken) page.isPrinting = false;
  else page.isPrinting = page.isTaken = true;
}

function onEndif(page: Page, args: Args): undefined {
  const isHidden = page.hiddenDepth > 0;
  if (isPlain(page, args, 'AH01361', 'endif')) page.isPrinting = page.isTaken = true;
  else if (isHidden) page.hiddenDepth--;
}

export const conditions: readonly (readonly [
  string,
  (page: Page, args: Args) => undefined | Promise<void>,
])[] = [
  ['if', onIf],
  ['elif', onElif],
  ['else', onElse],
  ['endif', onEndif],
];

/**
 * Rules at work: a list of them in turn, each with its conditions (apply_rewrite_list, apply_rewrite_rule). r.filename is what is rewritten; what
 * a rule does to the request it does at once. Answers come at once, or as promises where a program or a sub-request has to be waited for.
 */
import { coreServer } from '../../../core/core-config.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DEFAULT_LIMITS } from '../../../http/request-head.ts';
import { checkConditions } from './conditions.ts';
import type { Rule } from './conf.ts';
import { leaveTraces, rememberType } from './effects.ts';
import {
  type Action,
  type Eventual,
  type Pass,
  REWRITTEN,
  REWRITTEN_RAW,
  STATUS_SET,
  traceRequest,
} from './pass.ts';
import { expandSubstitution } from './template.ts';
import { absoluteUri, qualify, reduceUri } from './uri.ts';

/** What one rule comes to (RULE_RC_*). */
const NO_MATCH = 0;
const MATCH = 1;
/** It matched and changed no URL. */
const NO_SUBSTITUTION = 2;
/** r.status is the answer. */
const ANSWERED = 3;
type Outcome = 0 | 1 | 2 | 3;

/** Marks results that go on to the next mapper of names. */
export const PASS_THROUGH = 'passthrough:';
/** Marks results for mod_proxy. */
export const PROXY = 'proxy:';
/** A URL of this server was cut down to its path: it is no file name. */
const reduced = new WeakSet<Request>();
/** Requests that a rule with [END] was applied to. */
const ended = new WeakSet<Request>();

export function isReduced(r: Request): boolean {
  return reduced.has(r);
}

/** Whether [END] was met, for this request or one that redirected to it. */
export function isEnded(r: Request): boolean {
  for (let up: Request | undefined = r; up !== undefined; up = up.prev) if (ended.has(up)) return true;
  return false;
}

/** Applies the rules from number `from` on. */
export function applyRules(rules: readonly Rule[], pass: Pass, from = 0): Eventual<Action> {
  const isSubrequest = pass.r.main !== undefined;
  for (let i = from; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    if (isSubrequest && (rule.flags.noSubrequest || rule.flags.isRedirect)) continue;
    pass.vary = '';
    const outcome = applyRule(rule, pass);
    if (typeof outcome !== 'number') {
      return outcome.then((value) => {
        const next = afterRule(rules, i, value, pass);
        return next < 0 ? pass.action : applyRules(rules, pass, next);
      });
    }
    const next = afterRule(rules, i, outcome, pass);
    if (next < 0) return pass.action;
    i = next - 1;
  }
  return pass.action;
}

/** Number of the rule to go on with; -1 for none. */
function afterRule(rules: readonly Rule[], at: number, outcome: Outcome, pass: Pass): number {
  const rule = rules[at] as Rule;
  if (outcome === NO_MATCH) {
    let next = at;
    // The rest of a chain falls with its first rule that does not match.
    while (next < rules.length && (rules[next] as Rule).flags.isChained) next++;
    return next + 1;
  }
  const { r } = pass;
  const { flags } = rule;
  if (rule.output !== undefined) {
    if (pass.trace >= 2) pass.log(2, `setting lastsub to rule with output ${rule.text}`);
    pass.lastRule = rule;
  }
  if (isTooLong(r, rule)) {
    r.status = 500;
    return answered(pass);
  }
  if (pass.vary !== '') r.headersOut.merge('Vary', pass.vary);
  if (outcome === ANSWERED) return answered(pass);
  if (outcome !== NO_SUBSTITUTION) pass.action = flags.noEscape ? REWRITTEN_RAW : REWRITTEN;
  if (flags.passesThrough) {
    if (pass.trace >= 2) {
      pass.log(2, `forcing '${r.filename}' to get passed through to next API URI-to-filename handler`);
    }
    r.filename = PASS_THROUGH + (r.filename ?? '');
    pass.action = REWRITTEN;
    return -1;
  }
  if (flags.isEnd) {
    if (pass.trace >= 8) pass.log(8, 'Rule has END flag, no further rewriting for this request');
    ended.add(r);
    return -1;
  }
  if (flags.isProxy || flags.isLast) return -1;
  if (flags.rounds !== undefined) return nextRound(rule, flags.rounds, pass);
  return at + 1 + Math.max(flags.skip, 0);
}

function answered(pass: Pass): number {
  pass.action = STATUS_SET;
  return -1;
}

function nextRound(rule: Rule, rounds: number, pass: Pass): number {
  const { r } = pass;
  if (++pass.round < rounds) return 0;
  const message =
    `RewriteRule '${rule.pattern}' and URI '${r.uri}' exceeded maximum number of rounds (${rounds}) via the [N] flag` +
    hint(rule);
  logRequest(r, 'rewrite', Level.error, 'AH02596', message);
  r.status = 500;
  return answered(pass);
}

/** Rules that make a URL longer and longer come to an end. */
function isTooLong(r: Request, rule: Rule): boolean {
  const limit = 2 * (coreServer(r.server).limitRequestLine ?? DEFAULT_LIMITS.line);
  if ((r.filename?.length ?? 0) <= limit) return false;
  const message = `RewriteRule '${rule.pattern}' and URI '${r.uri}' exceeded maximum length (${limit})${hint(rule)}`;
  logRequest(r, 'rewrite', Level.error, '', message);
  return true;
}

/** Which rule a log line is about; httpd does not tell. */
export function hint(rule: Rule | undefined): string {
  return rule === undefined ? '' : ` (RewriteRule ${rule.place})`;
}

function isProxied(r: Request): boolean {
  return r.proxyRequest !== 'none' && r.filename?.startsWith(PROXY) === true;
}

function applyRule(rule: Rule, pass: Pass): Eventual<Outcome> {
  takeUri(pass);
  if (pass.trace >= 3) pass.log(3, `applying pattern '${rule.pattern}' to uri '${pass.uri}'`);
  if (rule.usesGroups) {
    const match = rule.regex.exec(pass.uri);
    if ((match !== null) === rule.isNegated) return NO_MATCH;
    pass.ruleGroups = match?.groups;
  } else {
    if (rule.regex.test(pass.uri) === rule.isNegated) return NO_MATCH;
    pass.ruleGroups = undefined;
  }
  pass.varyOfCondition = '';
  pass.conditionGroups = undefined;
  if (rule.conditions.length === 0) return expandRule(rule, pass);
  const holds = checkConditions(rule.conditions, 0, pass);
  if (typeof holds !== 'boolean') return holds.then((value) => (value ? expandRule(rule, pass) : NO_MATCH));
  return holds ? expandRule(rule, pass) : NO_MATCH;
}

/** Made anew when a rule has changed it, and where the log shows how. */
function takeUri(pass: Pass): void {
  const { filename = '', pathInfo } = pass.r;
  if (filename === pass.uriFilename && pathInfo === pass.uriPathInfo && pass.trace < 3) return;
  pass.uri = matchedUri(pass);
  pass.uriFilename = filename;
  pass.uriPathInfo = pathInfo;
}

/** In a directory: with PATH_INFO, without the directory. */
function matchedUri(pass: Pass): string {
  const { r, directory } = pass;
  const filename = r.filename ?? '';
  if (directory === undefined) return filename;
  let uri = filename;
  if (r.pathInfo !== '') {
    if (pass.trace >= 3) pass.log(3, `add path info postfix: ${uri} -> ${uri}${r.pathInfo}`);
    uri += r.pathInfo;
  }
  if (!uri.startsWith(directory) || isProxied(r)) return uri;
  const stripped = uri.slice(directory.length);
  if (pass.trace >= 3) pass.log(3, `strip per-dir prefix: ${uri} -> ${stripped}`);
  return stripped;
}

function expandRule(rule: Rule, pass: Pass): Eventual<Outcome> {
  if (rule.output === undefined) return leave(rule, pass, undefined);
  pass.hasUnsafeQuestion = false;
  const uri = expandSubstitution(rule.output, pass);
  return typeof uri === 'string' ? leave(rule, pass, uri) : uri.then((value) => leave(rule, pass, value));
}

/** Variables and cookies, then the URL. */
function leave(rule: Rule, pass: Pass, uri: string | undefined): Eventual<Outcome> {
  if (uri !== undefined) {
    if (pass.trace >= 2) pass.log(2, `rewrite '${pass.uri}' -> '${uri}'`);
    if (pass.hasUnsafeQuestion && !rule.flags.allowsQuestion) return refuseQuestion(rule, pass.r);
  }
  const left = leaveTraces(rule, pass);
  const finish = uri === undefined ? finishWithout : finishWith;
  return left === undefined ? finish(rule, pass, uri ?? '') : left.then(() => finish(rule, pass, uri ?? ''));
}

/** A question mark that the client sent, or a map gave, would make a query of what is a path (CVE-2024-38474). */
function refuseQuestion(rule: Rule, r: Request): Outcome {
  const message = `Unsafe URL with %3f URL rewritten without UnsafeAllow3F${hint(rule)}`;
  logRequest(r, 'rewrite', Level.error, 'AH10508', message);
  r.status = 403;
  return ANSWERED;
}

/** A rule without a substitution. */
function finishWithout(rule: Rule, pass: Pass): Eventual<Outcome> {
  const remembered = rememberType(rule, pass);
  return remembered === undefined ? answerOf(rule, pass) : remembered.then(() => answerOf(rule, pass));
}

function answerOf(rule: Rule, pass: Pass): Outcome {
  const { isStatus, status } = rule.flags;
  if (!isStatus) return NO_SUBSTITUTION;
  if (pass.trace >= 2) pass.log(2, `forcing responsecode ${status} for ${pass.r.filename}`);
  pass.r.status = status;
  return ANSWERED;
}

/** A rule with one: what it made becomes the request's file name. */
function finishWith(rule: Rule, pass: Pass, made: string): Eventual<Outcome> {
  const { r } = pass;
  const { flags } = rule;
  let uri = addPrefix(rule, pass, made);
  if (pass.directory !== undefined && flags.discardsPathInfo) r.pathInfo = '';
  uri = splitQuery(rule, pass, uri);
  r.filename = uri;
  if (flags.isProxy) {
    r.filename = qualify(r, uri);
    if (pass.trace >= 2) pass.log(2, `forcing proxy-throughput with ${r.filename}`);
    r.filename = PROXY + r.filename;
    return MATCH;
  }
  if (flags.isRedirect) {
    r.filename = qualify(r, uri);
    if (pass.trace >= 2) pass.log(2, `explicitly forcing redirect with ${r.filename}`);
    r.status = flags.status;
    return MATCH;
  }
  const path = reduceUri(r, uri);
  if (path !== undefined) {
    if (pass.trace >= 3) traceRequest(r, 3, undefined, `reduce ${uri} -> ${path}`);
    r.filename = path;
    reduced.add(r);
  } else if (absoluteUri(uri) !== undefined) {
    if (pass.trace >= 2) pass.log(2, `implicitly forcing redirect (rc=${flags.status} with ${uri}`);
    r.status = flags.status;
    return MATCH;
  }
  const remembered = rememberType(rule, pass);
  return remembered === undefined ? MATCH : remembered.then(() => MATCH);
}

/** A result that is neither a path from the root nor a URL gets the directory, or a slash, before it. */
function addPrefix(rule: Rule, pass: Pass, uri: string): string {
  if (uri.startsWith('/') || absoluteUri(uri) !== undefined || isProxied(pass.r)) return uri;
  const { directory } = pass;
  if (directory !== undefined) {
    if (pass.trace >= 3) pass.log(3, `add per-dir prefix: ${uri} -> ${directory}${uri}`);
    return directory + uri;
  }
  // What is qualified gets its slash there.
  if (rule.flags.isProxy || rule.flags.isRedirect) return uri;
  if (pass.trace >= 3) pass.log(3, `add root prefix: ${uri} -> /${uri}`);
  return `/${uri}`;
}

/** Takes the query off a result, into the request (splitout_queryargs). */
function splitQuery(rule: Rule, pass: Pass, uri: string): string {
  const { r } = pass;
  const { flags } = rule;
  if (rule.dropsQuery) {
    if (pass.trace >= 2) traceRequest(r, 2, undefined, 'discarding query string, no parse from substitution');
    r.args = undefined;
    return uri;
  }
  const absolute = absoluteUri(uri);
  if (absolute !== undefined && !absolute.hasQuery) {
    r.args = undefined;
    return uri;
  }
  if (flags.discardsQuery) {
    r.args = undefined;
    if (pass.trace >= 2) traceRequest(r, 2, undefined, 'discarding query string');
  }
  const from = absolute?.length ?? 0;
  let question = flags.splitsAtLastQuestion ? uri.lastIndexOf('?') : uri.indexOf('?', from);
  if (question < from) question = -1;
  if (question < 0) return uri;
  const query = uri.slice(question + 1);
  let args: string | undefined = query;
  // An empty query to append to leaves the one there is.
  if (flags.appendsQuery) args = query === '' ? r.args : `${query}&${r.args ?? ''}`;
  if (args?.endsWith('&') === true) args = args.slice(0, -1);
  r.args = args === '' ? undefined : args;
  const path = uri.slice(0, question);
  if (pass.trace >= 3) {
    traceRequest(r, 3, undefined, `split uri=${uri} -> uri=${path}, args=${r.args ?? '<none>'}`);
  }
  return path;
}

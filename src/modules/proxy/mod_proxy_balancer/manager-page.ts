/** The manager's page for people (mod_proxy_balancer.c: balancer_display_page). httpd's, except that each name is escaped. */

import { escapeHtml, escapeUri } from '../../../http/escape.ts';
import { shortSize } from '../../../lib/short-size.ts';
import type { Balancer } from '../shared/balancer.ts';
import type { BalancerOptions } from '../shared/balancer-options.ts';
import { HEALTH_CHECK_METHODS } from '../shared/health-check.ts';
import { stateText } from '../shared/member-status.ts';
import type { Worker } from '../shared/worker.ts';

const PREFIX = 'balancer://';

/** What the page is made of. */
export interface ManagerFacts {
  /** Name the server goes by in this request, its version and the time it was built. */
  readonly serverName: string;
  readonly version: string;
  readonly built: string;
  readonly isPersistent: boolean;
  readonly inheritsBalancers: boolean;
  readonly inheritsPass: boolean;
  /** What stands before the names of this server's balancers. */
  readonly id: string;
  readonly balancers: readonly Balancer[];
  /** Escaped path of the page, and its whole URL. */
  readonly uri: string;
  readonly action: string;
  /** Chosen by the request. */
  readonly balancer: Balancer | undefined;
  readonly worker: Worker | undefined;
  /** Names that `lbmethod` may have. */
  readonly methods: readonly string[];
  /** Health check expressions by name; undefined: there are no health checks. */
  readonly expressions: ReadonlyMap<string, string> | undefined;
  readonly signature: string;
}

const STYLE = ['table', 'th', 'td']
  .map((name) =>
    [
      `${name} {`,
      'border-width: 1px;',
      name === 'table' ? 'border-spacing: 3px;' : 'padding: 2px;',
      `border-style: ${name === 'table' ? 'solid' : 'dotted'};`,
      'border-color: gray;',
      ...(name === 'table' ? ['border-collapse: collapse;'] : []),
      `background-color: ${name === 'th' ? 'lightgray' : 'white'};`,
      'text-align: center;',
    ].join('\n '),
  )
  .join('\n}\n');

const HEAD =
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n' +
  `<html><head><title>Balancer Manager</title>\n<style type='text/css'>\n${STYLE}\n}\n</style>\n</head>\n`;

function headings(words: readonly string[]): string {
  return words.map((word) => `<th>${word}</th>`).join('');
}

const BALANCER_HEADINGS = headings([
  'MaxMembers',
  'StickySession',
  'DisableFailover',
  'Timeout',
  'FailoverAttempts',
  'Method',
  'Path',
  'Active',
]);
const MEMBER_HEADINGS = headings([
  'Worker URL',
  'Route',
  'RouteRedir',
  'Factor',
  'Set',
  'Status',
  'Elected',
  'Busy',
  'Load',
  'To',
  'From',
]);
const CHECK_HEADINGS = headings(['HC Method', 'HC Interval', 'Passes', 'Fails', 'HC uri', 'HC Expr']);

export function managerPage(facts: ManagerFacts): string {
  const { balancer, worker } = facts;
  let page = HEAD + introduction(facts);
  for (const each of facts.balancers) page += balancerTables(facts, each);
  page += '<hr />\n';
  if (facts.expressions !== undefined && facts.expressions.size > 0)
    page += expressionTable(facts.expressions);
  if (balancer !== undefined && worker !== undefined) page += memberForm(facts, balancer, worker);
  else if (balancer !== undefined) page += balancerForm(facts, balancer);
  return `${page}${facts.signature}</body></html>\n`;
}

function expressionTable(expressions: ReadonlyMap<string, string>): string {
  let rows = '';
  for (const [name, source] of expressions)
    rows += `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(source)}</td></tr>\n`;
  const heading = "\n\n<table><tr><th colspan='2'>Health check cond. expressions:</th></tr>\n";
  return `${heading}<tr><th>Expr name</th><th>Expression</th></tr>\n${rows}</table><hr/>\n`;
}

function introduction(facts: ManagerFacts): string {
  const not = (isSo: boolean): string => (isSo ? '' : 'NOT ');
  return (
    `<body><h1>Load Balancer Manager for ${escapeHtml(facts.serverName)}</h1>\n\n` +
    `<dl><dt>Server Version: ${facts.version}</dt>\n<dt>Server Built: ${facts.built}</dt>\n` +
    `<dt>Balancer changes will ${not(facts.isPersistent)}be persisted on restart.</dt>` +
    `<dt>Balancers are ${not(facts.inheritsBalancers)}inherited from main server.</dt>` +
    `<dt>ProxyPass settings are ${not(facts.inheritsPass)}inherited from main server.</dt></dl>\n`
  );
}

function nameOf({ name }: Balancer): string {
  return name.slice(PREFIX.length);
}

/** Query of the link to a balancer, or to one of its members, as it stands in an attribute. */
function linkTo(facts: ManagerFacts, balancer: Balancer, worker?: Worker): string {
  const member = worker === undefined ? '' : `&amp;w=${escapeHtml(escapeUri(worker.name))}`;
  const nonce = escapeHtml(balancer.nonce);
  return `${escapeHtml(facts.uri)}?b=${escapeHtml(escapeUri(nameOf(balancer)))}${member}&amp;nonce=${nonce}`;
}

function shownName(worker: Worker): string {
  const name = escapeHtml(worker.shownName);
  return worker.socket === undefined ? name : `<i>${name}</i>`;
}

/** The session's names as the form takes them. */
function stickyText({ stickyCookie = '', stickyPath }: BalancerOptions): string {
  return stickyPath === undefined || stickyPath === stickyCookie
    ? stickyCookie
    : `${stickyCookie}|${stickyPath}`;
}

function balancerTables(facts: ManagerFacts, balancer: Balancer): string {
  const { options, members } = balancer;
  const isSticky = (options.stickyCookie ?? '') !== '';
  const id = `${facts.id}_${escapeHtml(nameOf(balancer))}`;
  const name = escapeHtml(balancer.name);
  return (
    `<hr />\n<h3>LoadBalancer Status for <a href="${linkTo(facts, balancer)}">${name}</a> [${id}]</h3>\n\n\n` +
    `<table><tr>${BALANCER_HEADINGS}</tr>\n<tr><td>${balancer.capacity} [${balancer.used} Used]</td>\n` +
    `<td>${isSticky ? escapeHtml(stickyText(options)) : ' (None) '}</td>` +
    `<td>${options.isNotFailingOver === true ? 'On' : 'Off'}</td>\n` +
    `<td>${seconds(options.timeout)}</td><td>${balancer.maxAttempts}</td>\n` +
    `<td>${escapeHtml(balancer.method?.name ?? '')}</td>\n<td>${escapeHtml(balancer.path)}</td>\n<td>Yes</td>\n</tr>\n</table>\n<br />\n\n` +
    `<table><tr>${MEMBER_HEADINGS}${facts.expressions === undefined ? '' : CHECK_HEADINGS}</tr>\n` +
    `${members.map((worker) => memberRow(facts, balancer, worker)).join('')}</table>\n`
  );
}

function seconds(milliseconds: number | undefined): number {
  return Math.floor((milliseconds ?? 0) / 1000);
}

function memberRow(facts: ManagerFacts, balancer: Balancer, worker: Worker): string {
  const { route, redirect, lbfactor, lbset, elected, busy, lbstatus, transferred, read } = worker.record;
  const cells = [
    `<a href="${linkTo(facts, balancer, worker)}">${shownName(worker)}</a>`,
    escapeHtml(route),
    escapeHtml(redirect),
    (lbfactor / 100).toFixed(2),
    lbset,
    stateText(worker),
    elected,
    busy,
    lbstatus,
    shortSize(transferred),
    shortSize(read),
  ];
  if (facts.expressions !== undefined) {
    const { method, interval, passes, passed, fails, failed, uri, expression } = worker.healthCheck;
    cells.push(method, `${Math.floor(interval)}ms`, `${passes} (${passed})`, `${fails} (${failed})`);
    cells.push(escapeHtml(uri), escapeHtml(expression));
  }
  return `<tr>\n${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>\n`;
}

function formStart(facts: ManagerFacts): string {
  return `<form method='POST' enctype='application/x-www-form-urlencoded' action="${escapeHtml(facts.action)}">\n`;
}

function formEnd(balancer: Balancer): string {
  const value = escapeHtml(escapeUri(nameOf(balancer)));
  const nonce = escapeHtml(balancer.nonce).replaceAll("'", '&#39;');
  return (
    `<input type=hidden name='b' id='b' value="${value}">\n` +
    `<input type=hidden name='nonce' id='nonce' value='${nonce}'>\n</form>\n<hr />\n`
  );
}

/** Two buttons of which one is pressed (create_radio). */
function radio(name: string, isOn: boolean): string {
  const button = (word: string, value: number, isChecked: boolean): string =>
    `<label for='${name}${value}'>${word}</label> ` +
    `<input name='${name}' id='${name}${value}' value='${value}' type=radio${isChecked ? ' checked' : ''}>`;
  return `<td>${button('On', 1, isOn)} <br/> ${button('Off', 0, !isOn)}</td>\n`;
}

function memberForm(facts: ManagerFacts, balancer: Balancer, worker: Worker): string {
  const { lbfactor, lbset, route, redirect } = worker.record;
  const { flags } = worker.state;
  const hasChecks = facts.expressions !== undefined;
  const states: readonly (readonly [string, string, boolean])[] = [
    ['Ignore Errors', 'I', flags.isIgnoringErrors],
    ['Draining Mode', 'N', flags.isDraining],
    ['Disabled', 'D', flags.isDisabled],
    ['Hot Standby', 'H', flags.isHotStandby],
    ['Hot Spare', 'R', flags.isHotSpare],
    ...(hasChecks ? ([['HC Fail', 'C', flags.isUnhealthy]] as const) : []),
    ['Stopped', 'S', flags.isStopped],
  ];
  return (
    `<h3>Edit worker settings for ${shownName(worker)}</h3>\n${formStart(facts)}` +
    `<table><tr><td>Load factor:</td><td><input name='w_lf' id='w_lf' type=text value='${(lbfactor / 100).toFixed(2)}'></td></tr>\n` +
    `<tr><td>LB Set:</td><td><input name='w_ls' id='w_ls' type=text value='${lbset}'></td></tr>\n` +
    `<tr><td>Route:</td><td><input name='w_wr' id='w_wr' type=text value="${escapeHtml(route)}"></td></tr>\n` +
    `<tr><td>Route Redirect:</td><td><input name='w_rr' id='w_rr' type=text value="${escapeHtml(redirect)}"></td></tr>\n` +
    `<tr><td>Status:</td><td><table><tr>${headings(states.map(([heading]) => heading))}</tr>\n` +
    `<tr>${states.map(([, letter, isOn]) => radio(`w_status_${letter}`, isOn)).join('')}</tr></table></td></tr>\n` +
    (hasChecks ? checkFields(worker, facts.expressions) : '') +
    "<tr><td colspan='2'><input type=submit value='Submit'></td></tr>\n</table>\n" +
    `<input type=hidden name='w' id='w' value="${escapeHtml(escapeUri(worker.name))}">\n${formEnd(balancer)}`
  );
}

function checkFields({ healthCheck }: Worker, expressions: ReadonlyMap<string, string>): string {
  const { method, interval, passes, fails, uri, expression } = healthCheck;
  const option = (name: string, isChosen: boolean): string => {
    const shown = escapeHtml(name);
    return `<option value='${shown.replaceAll("'", '&#39;')}' ${isChosen ? 'selected ' : ' '}>${shown}</option>\n`;
  };
  const field = (label: string, name: string, value: string): string =>
    `<tr><td>${label}</td><td><input name='${name}' id='${name}' type='text' value=${value}></td></tr>\n`;
  return (
    "<tr><td colspan='2'>\n<table align='center'><tr><th>Health Check param</th><th>Value</th></tr>\n" +
    `<tr><td>Method</td><td><select name='w_hm'>\n${HEALTH_CHECK_METHODS.map((name) => option(name, name === method)).join('')}</select>\n</td></tr>\n` +
    `<tr><td>Expr</td><td><select name='w_he'>\n${[...expressions.keys()].map((name) => option(name, name === expression)).join('')}</select>\n</td></tr>\n` +
    field('Interval (ms)', 'w_hi', `'${Math.floor(interval)}'`) +
    field('Passes trigger', 'w_hp', `'${passes}'`) +
    field('Fails trigger)', 'w_hf', `'${fails}'`) +
    field('HC uri', 'w_hu', `"${escapeHtml(uri)}"`) +
    '</table>\n</td></tr>\n'
  );
}

function balancerForm(facts: ManagerFacts, balancer: Balancer): string {
  const { options } = balancer;
  const own = balancer.method?.name;
  const methods = facts.methods.map(
    (name) => `<option value='${name}'${name === own ? ' selected ' : ''}>${name}\n`,
  );
  return (
    `<h3>Edit balancer settings for ${escapeHtml(balancer.name)}</h3>\n${formStart(facts)}<table>\n` +
    `<tr><td>LBmethod:</td><td>\n<select name='b_lbm' id='b_lbm'>${methods.join('')}</select>\n</td></tr>\n` +
    `<tr><td>Timeout:</td><td><input name='b_tmo' id='b_tmo' type=text value='${seconds(options.timeout)}'></td></tr>\n` +
    `<tr><td>Failover Attempts:</td><td><input name='b_max' id='b_max' type=text value='${balancer.maxAttempts}'></td></tr>\n` +
    `<tr><td>Disable Failover:</td>${radio('b_sforce', options.isNotFailingOver === true)}</tr>\n` +
    `<tr><td>Sticky Session:</td><td><input name='b_ss' id='b_ss' size=64 type=text value ="${escapeHtml(stickyText(options))}">` +
    "&nbsp;&nbsp;&nbsp;&nbsp;(Use '-' to delete)</td></tr>\n" +
    (balancer.used < balancer.capacity ? NEW_MEMBER : '') +
    `<tr><td colspan=2><input type=submit value='Submit'></td></tr>\n</table>\n${formEnd(balancer)}`
  );
}

const NEW_MEMBER =
  "<tr><td>Add New Worker:</td><td><input name='b_nwrkr' id='b_nwrkr' size=32 type=text>&nbsp;&nbsp;&nbsp;&nbsp;Are you sure? " +
  "<input name='b_wyes' id='b_wyes' type=checkbox value='1'></td></tr>";

/** Balancers on the server-status pages (proxy_status_hook of mod_proxy.c). */
import { escapeHtml } from '../../../http/escape.ts';
import { shortSize } from '../../../lib/short-size.ts';
import type { Balancer } from '../shared/balancer.ts';
import type { ProxyServerConf } from '../shared/config.ts';
import { stateText } from '../shared/member-status.ts';
import type { Worker } from '../shared/worker.ts';

/** Nothing unless ProxyStatus says so for the server that is asked. */
export function proxyStatus(conf: Readonly<ProxyServerConf>, isText: boolean): string {
  const { status = 'off', balancers = [] } = conf;
  if (status === 'off' || balancers.length === 0) return '';
  return isText ? textOf(balancers) : balancers.map(htmlOf).join('') + KEY;
}

function textOf(balancers: readonly Balancer[]): string {
  let text = '';
  balancers.forEach((balancer, number) => {
    const prefix = `ProxyBalancer[${number}]`;
    text += `${prefix}Name: ${balancer.name}\n`;
    balancer.members.forEach((member, at) => {
      const { elected, busy, transferred, read } = member.record;
      const of = `${prefix}Worker[${at}]`;
      text +=
        `${of}Name: ${member.name}\n${of}Status: ${stateText(member)}\n${of}Elected: ${elected}\n${of}Busy: ${busy}\n` +
        `${of}Sent: ${Math.floor(transferred / 1024)}K\n${of}Rcvd: ${Math.floor(read / 1024)}K\n`;
    });
  });
  return text;
}

function htmlOf(balancer: Balancer): string {
  const { stickyCookie, stickyPath, timeout } = balancer.options;
  const sticky =
    stickyCookie === undefined
      ? ' - '
      : escapeHtml(
          stickyPath === undefined || stickyPath === stickyCookie
            ? stickyCookie
            : `${stickyCookie} | ${stickyPath}`,
        );
  const seconds = Math.floor((timeout ?? 0) / 1000);
  return (
    `<hr />\n<h1>Proxy LoadBalancer Status for ${escapeHtml(balancer.name)}</h1>\n\n` +
    '\n\n<table border="0"><tr><th>SSes</th><th>Timeout</th><th>Method</th></tr>\n' +
    `<tr><td>${sticky}</td><td>${seconds}</td><td>${balancer.method?.name ?? 'byrequests'}</td>\n</table>\n` +
    `\n\n<table border="0"><tr>${HEADINGS}</tr>\n${balancer.members.map(rowOf).join('')}</table>\n`
  );
}

const HEADINGS = ['Sch', 'Host', 'Stat', 'Route', 'Redir', 'F', 'Set', 'Acc', 'Busy', 'Wr', 'Rd']
  .map((heading) => `<th>${heading}</th>`)
  .join('');

function rowOf(member: Worker): string {
  const { elected, busy, transferred, read, lbfactor, lbset, route, redirect } = member.record;
  const cells = [
    member.scheme,
    escapeHtml(member.host),
    stateText(member),
    escapeHtml(route),
    escapeHtml(redirect),
    (lbfactor / 100).toFixed(2),
    lbset,
    elected,
    busy,
    shortSize(transferred),
    shortSize(read),
  ];
  return `<tr>\n${cells.map((cell) => `<td>${cell}</td>`).join('')}\n</tr>\n`;
}

const KEY =
  '<hr /><table>\n<tr><th>SSes</th><td>Sticky session name</td></tr>\n<tr><th>Timeout</th><td>Balancer Timeout</td></tr>\n' +
  '<tr><th>Sch</th><td>Connection scheme</td></tr>\n<tr><th>Host</th><td>Backend Hostname</td></tr>\n' +
  '<tr><th>Stat</th><td>Worker status</td></tr>\n<tr><th>Route</th><td>Session Route</td></tr>\n' +
  '<tr><th>Redir</th><td>Session Route Redirection</td></tr>\n<tr><th>F</th><td>Load Balancer Factor</td></tr>\n' +
  '<tr><th>Acc</th><td>Number of uses</td></tr>\n<tr><th>Wr</th><td>Number of bytes transferred</td></tr>\n' +
  '<tr><th>Rd</th><td>Number of bytes read</td></tr>\n</table>';

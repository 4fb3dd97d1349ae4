/** The manager's page for programs, `?xml=1` (mod_proxy_balancer.c: balancer_display_page). */

import { httpDateOf } from '../../../http/date.ts';
import { escapeHtml } from '../../../http/escape.ts';
import type { Balancer } from '../shared/balancer.ts';
import { stateText } from '../shared/member-status.ts';
import type { Worker } from '../shared/worker.ts';

const MEMBER_INDENT = '          ';
/** Microseconds a stream is looked at before what came is passed on (PROXY_FLUSH_WAIT). */
const FLUSH_WAIT = 10_000;

function element(indent: string, name: string, value: string | number): string {
  return `${indent}<httpd:${name}>${value}</httpd:${name}>`;
}

/** @param connections of a member that says nothing of it: as many as a child process of httpd has threads. */
export function managerXml(balancers: readonly Balancer[], connections: number): string {
  return (
    "<?xml version='1.0' encoding='UTF-8' ?>\n<httpd:manager xmlns:httpd='http://httpd.apache.org'>\n  <httpd:balancers>\n" +
    balancers.map((balancer) => balancerXml(balancer, connections)).join('') +
    '  </httpd:balancers>\n</httpd:manager>'
  );
}

/** The missing line end behind the timeout is httpd's. */
function balancerXml(balancer: Balancer, connections: number): string {
  const { options, members, method, maxAttempts } = balancer;
  const indent = '      ';
  const isSticky = (options.stickyCookie ?? '') !== '';
  const onOff = (isOn: boolean | undefined): string => (isOn === true ? 'On' : 'Off');
  let text = `    <httpd:balancer>\n${element(indent, 'name', escapeHtml(balancer.name))}\n`;
  text += `${element(indent, 'nonce', escapeHtml(balancer.nonce))}\n`;
  if (isSticky) {
    text += `${element(indent, 'stickysession', escapeHtml(options.stickyCookie ?? ''))}\n`;
    text += `${element(indent, 'nofailover', onOff(options.isNotFailingOver))}\n`;
  }
  text += element(indent, 'timeout', Math.floor((options.timeout ?? 0) / 1000));
  if (options.maxAttempts !== undefined) text += `${element(indent, 'maxattempts', maxAttempts)}\n`;
  text += `${element(indent, 'lbmethod', method?.name ?? '')}\n`;
  if (isSticky) text += `${element(indent, 'scolonpathdelim', onOff(options.endsAtSemicolon))}\n`;
  text += `${indent}<httpd:workers>\n`;
  for (const worker of members) text += memberXml(worker, connections);
  return `${text}${indent}</httpd:workers>\n    </httpd:balancer>\n`;
}

function memberXml(worker: Worker, connections: number): string {
  const { record, state, options } = worker;
  const factor = (record.lbfactor / 100).toFixed(2);
  const most = options.max === undefined || options.max === 0 ? connections : options.max;
  const lines: (readonly [string, string | number])[] = [
    ['name', escapeHtml(worker.shownName)],
    ['scheme', escapeHtml(worker.scheme)],
    ['hostname', escapeHtml(worker.host)],
    ['loadfactor', factor],
    ['port', worker.port],
    ['min', options.min ?? 0],
    ['smax', Math.min(options.smax ?? most, most)],
    ['max', most],
    ['ttl', Math.floor((options.ttl ?? 0) / 1000)],
  ];
  if (options.timeout !== undefined) lines.push(['timeout', Math.floor(options.timeout / 1000)]);
  if (options.acquire !== undefined) lines.push(['acquire', fraction(options.acquire)]);
  if (options.receiveBufferSize !== undefined) lines.push(['recv_buffer_size', options.receiveBufferSize]);
  if (options.ioBufferSize !== undefined) lines.push(['io_buffer_size', options.ioBufferSize]);
  if (options.keepAlive !== undefined) lines.push(['keepalive', options.keepAlive ? 'On' : 'Off']);
  lines.push(['status', stateText(worker)]);
  if (state.errorTime > 0) lines.push(['error_time', httpDateOf(state.errorTime)]);
  lines.push(
    ['retries', state.retries],
    ['lbstatus', record.lbstatus],
    ['loadfactor', factor],
    ['transferred', record.transferred],
    ['read', record.read],
    ['elected', record.elected],
    ['route', escapeHtml(record.route)],
    ['redirect', escapeHtml(record.redirect)],
    ['busy', record.busy],
    ['lbset', record.lbset],
  );
  const body = lines.map(([name, value]) => `${element(MEMBER_INDENT, name, value)}\n`).join('');
  return `        <httpd:worker>\n${body}${connectionXml(worker)}        </httpd:worker>\n`;
}

/** Indents and line ends as httpd has them. */
function connectionXml({ scheme, options }: Worker): string {
  const { flushPackets, flushWait, ping, isReusing, connectTimeout, retry } = options;
  let text = '';
  if (scheme === 'ajp') {
    const mode = flushPackets === 'on' ? 'On' : flushPackets === 'auto' ? 'Auto' : 'Off';
    text += `${element(MEMBER_INDENT, 'flushpackets', mode)}\n`;
    if (flushPackets === 'auto') {
      const wait = (flushWait ?? 0) * 1000 || FLUSH_WAIT;
      text += `${element(MEMBER_INDENT, 'flushwait', wait)}\n`;
    }
    if (ping !== undefined) text += element(MEMBER_INDENT, 'ping', fraction(ping));
  }
  if (isReusing !== undefined) text += `${element('      ', 'disablereuse', isReusing ? 'Off' : 'On')}\n`;
  if (connectTimeout !== undefined)
    text += `${element(MEMBER_INDENT, 'connectiontimeout', fraction(connectTimeout))}\n`;
  if (retry !== undefined) text += `${element(MEMBER_INDENT, 'retry', Math.floor(retry / 1000))}\n`;
  return text;
}

/** The milliseconds behind the whole seconds, which is all httpd shows (apr_time_msec). */
function fraction(milliseconds: number): number {
  return Math.floor(milliseconds) % 1000;
}

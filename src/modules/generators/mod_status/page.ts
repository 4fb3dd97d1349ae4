/** The server-status pages: for people, with a table or lines of details, and for programs (status_handler of mod_status.c). */
import { loadavg } from 'node:os';
import { escapeHtml, escapeLogItem } from '../../../http/escape.ts';
import { compileStrftime } from '../../../lib/strftime.ts';
import type { Scoreboard, Slot } from './scoreboard.ts';

const formatTime = compileStrftime('%A, %d-%b-%Y %H:%M:%S %Z');
const KILO = 1024;
const MEGA = KILO * KILO;
const GIGA = KILO * MEGA;
const LINE_SHOWN = 63;

/** What the pages tell of the server itself. */
export interface Facts {
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly signature: string;
  readonly mpm: string;
  readonly built: string;
  readonly isExtended: boolean;
  readonly seesTail: boolean;
  /** What other modules have to say, ready to be shown. */
  readonly sections: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function formatBytes(bytes: number): string {
  if (bytes < 5 * KILO) return `${Math.floor(bytes)} B`;
  if (bytes < MEGA / 2) return `${(bytes / KILO).toFixed(1)} kB`;
  return bytes < GIGA / 2 ? `${(bytes / MEGA).toFixed(1)} MB` : `${(bytes / GIGA).toFixed(1)} GB`;
}

export function formatKilobytes(kilobytes: number): string {
  if (kilobytes < KILO) return `${Math.floor(kilobytes)} kB`;
  return kilobytes < MEGA ? `${(kilobytes / KILO).toFixed(1)} MB` : `${(kilobytes / MEGA).toFixed(1)} GB`;
}

/** ` 1 day 2 hours`: with a blank before each part. */
export function formatUptime(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => ` ${count} ${unit}${count === 1 ? '' : 's'}`)
    .join('');
}

/** `%g`, and `%.3g`. */
function general(value: number, digits = 6): string {
  return String(Number(value.toPrecision(digits)));
}

function cpuSeconds(): { user: number; system: number } {
  const { user, system } = process.cpuUsage();
  const hundredths = (micros: number): number => Math.floor(micros / 10_000) / 100;
  return { user: hundredths(user), system: hundredths(system) };
}

/** A letter for each slot. */
function letters(board: Scoreboard): string {
  return board.slots.map(({ request }) => (request === undefined ? '_' : 'W')).join('');
}

/** `?auto`: a `Name: value` a line. */
export function textPage(board: Scoreboard, facts: Facts): string {
  const { totals, started, busy } = board;
  const uptime = Math.floor((facts.now - started) / 1000);
  const [load1, load5, load15] = loadavg().map((load) => load.toFixed(2));
  const lines = [
    facts.name,
    `ServerVersion: ${facts.version}`,
    `ServerMPM: ${facts.mpm}`,
    `Server Built: ${facts.built}`,
    `CurrentTime: ${formatTime(Math.floor(facts.now / 1000))}`,
    `RestartTime: ${formatTime(Math.floor(started / 1000))}`,
    `ParentServerConfigGeneration: ${board.generation}`,
    `ParentServerMPMGeneration: ${board.generation - 1}`,
    `ServerUptimeSeconds: ${uptime}`,
    `ServerUptime:${formatUptime(uptime)}`,
    `Load1: ${load1}`,
    `Load5: ${load5}`,
    `Load15: ${load15}`,
  ];
  if (facts.isExtended) lines.push(...textTotals(totals, uptime));
  const idle = board.slots.length - Math.min(busy, board.slots.length);
  lines.push(
    `BusyWorkers: ${busy}`,
    'GracefulWorkers: 0',
    `IdleWorkers: ${idle}`,
    'Processes: 1',
    'Stopping: 0',
    `Scoreboard: ${letters(board)}`,
  );
  return `${lines.join('\n')}\n${facts.sections}`;
}

function textTotals(totals: Scoreboard['totals'], uptime: number): string[] {
  const { accesses, bytes, duration } = totals;
  const { user, system } = cpuSeconds();
  const lines = [
    `Total Accesses: ${accesses}`,
    `Total kBytes: ${Math.floor(bytes / KILO)}`,
    `Total Duration: ${duration}`,
    `CPUUser: ${general(user)}`,
    `CPUSystem: ${general(system)}`,
    'CPUChildrenUser: 0',
    'CPUChildrenSystem: 0',
  ];
  if (uptime > 0 && user + system > 0) lines.push(`CPULoad: ${general(((user + system) / uptime) * 100)}`);
  lines.push(`Uptime: ${uptime}`);
  if (uptime > 0)
    lines.push(`ReqPerSec: ${general(accesses / uptime)}`, `BytesPerSec: ${general(bytes / uptime)}`);
  if (accesses > 0)
    lines.push(
      `BytesPerReq: ${general(bytes / accesses)}`,
      `DurationPerReq: ${general(duration / accesses)}`,
    );
  return lines;
}

const HEAD =
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n<html><head>\n' +
  '<title>Apache Status</title>\n</head><body>\n';

/** The page for people; `withTable`: details in a table, else a paragraph each. */
export function htmlPage(board: Scoreboard, facts: Facts, withTable: boolean): string {
  const { totals, started, busy } = board;
  const uptime = Math.floor((facts.now - started) / 1000);
  const load = loadavg().map((value) => value.toFixed(2));
  let page =
    `${HEAD}<h1>Apache Server Status for ${escapeHtml(facts.name)} (via ${facts.address})</h1>\n\n` +
    `<dl><dt>Server Version: ${facts.version}</dt>\n<dt>Server MPM: ${facts.mpm}</dt>\n<dt>Server Built: ${facts.built}\n</dt></dl><hr /><dl>\n` +
    `<dt>Current Time: ${formatTime(Math.floor(facts.now / 1000))}</dt>\n` +
    `<dt>Restart Time: ${formatTime(Math.floor(started / 1000))}</dt>\n` +
    `<dt>Parent Server Config. Generation: ${board.generation}</dt>\n` +
    `<dt>Parent Server MPM Generation: ${board.generation - 1}</dt>\n` +
    `<dt>Server uptime: ${formatUptime(uptime)}</dt>\n<dt>Server load: ${load.join(' ')}</dt>\n`;
  if (facts.isExtended) page += htmlTotals(totals, uptime);
  const idle = board.slots.length - Math.min(busy, board.slots.length);
  page += `<dt>${busy} requests currently being processed, 0 workers gracefully restarting, ${idle} idle workers</dt>\n</dl>\n\n`;
  page += `<pre>${letters(board).replace(/.{64}(?=.)/g, '$&\n')}</pre>\n${KEY}`;
  if (!facts.isExtended)
    page +=
      '<hr />To obtain a full report with current status information you need to use the <code>ExtendedStatus On</code> directive.\n';
  else page += withTable ? detailTable(board, facts) : detailLines(board, facts);
  return `${page}${facts.sections}${facts.signature}</body></html>\n`;
}

const KEY =
  '<p>Scoreboard Key:<br />\n' +
  '"<b><code>_</code></b>" Waiting for Connection, \n"<b><code>S</code></b>" Starting up, \n"<b><code>R</code></b>" Reading Request,<br />\n' +
  '"<b><code>W</code></b>" Sending Reply, \n"<b><code>K</code></b>" Keepalive (read), \n"<b><code>D</code></b>" DNS Lookup,<br />\n' +
  '"<b><code>C</code></b>" Closing connection, \n"<b><code>L</code></b>" Logging, \n"<b><code>G</code></b>" Gracefully finishing,<br /> \n' +
  '"<b><code>I</code></b>" Idle cleanup of worker, \n"<b><code>.</code></b>" Open slot with no current process<br />\n</p>\n';

function htmlTotals({ accesses, bytes, duration }: Scoreboard['totals'], uptime: number): string {
  const { user, system } = cpuSeconds();
  let text = `<dt>Total accesses: ${accesses} - Total Traffic: ${formatKilobytes(bytes / KILO)} - Total Duration: ${duration}</dt>\n`;
  text += `<dt>CPU Usage: u${general(user)} s${general(system)} cu0 cs0`;
  if (uptime > 0 && user + system > 0) text += ` - ${general(((user + system) / uptime) * 100, 3)}% CPU load`;
  text += '</dt>\n';
  if (uptime > 0)
    text += `<dt>${general(accesses / uptime, 3)} requests/sec - ${formatBytes(bytes / uptime)}/second`;
  if (uptime > 0 && accesses > 0)
    text += ` - ${formatBytes(bytes / accesses)}/request - ${general(duration / accesses)} ms/request`;
  return uptime > 0 ? `${text}</dt>\n` : text;
}

function shownLine(slot: Slot, facts: Facts): string {
  const line = facts.seesTail ? slot.line.slice(-LINE_SHOWN) : slot.line.slice(0, LINE_SHOWN);
  return escapeHtml(escapeLogItem(line));
}

const used = (board: Scoreboard): Slot[] =>
  board.slots.filter(({ request, accesses }) => request !== undefined || accesses > 0);

const TABLE_HEAD =
  '\n\n<table border="0"><tr><th>Srv</th><th>PID</th><th>Acc</th><th>M</th><th>CPU\n</th><th>SS</th><th>Req</th><th>Dur</th><th>Conn</th>' +
  '<th>Child</th><th>Slot</th><th>Client</th><th>Protocol</th><th>VHost</th><th>Request</th></tr>\n\n';
const TABLE_KEY =
  '</table>\n <hr /> <table>\n <tr><th>Srv</th><td>Child Server number - generation</td></tr>\n <tr><th>PID</th><td>OS process ID</td></tr>\n' +
  ' <tr><th>Acc</th><td>Number of accesses this connection / this child / this slot</td></tr>\n <tr><th>M</th><td>Mode of operation</td></tr>\n' +
  '<tr><th>CPU</th><td>CPU usage, number of seconds</td></tr>\n <tr><th>SS</th><td>Seconds since beginning of most recent request</td></tr>\n' +
  ' <tr><th>Req</th><td>Milliseconds required to process most recent request</td></tr>\n' +
  ' <tr><th>Dur</th><td>Sum of milliseconds required to process all requests</td></tr>\n' +
  ' <tr><th>Conn</th><td>Kilobytes transferred this connection</td></tr>\n <tr><th>Child</th><td>Megabytes transferred this child</td></tr>\n' +
  ' <tr><th>Slot</th><td>Total megabytes transferred this slot</td></tr>\n </table>\n';

function detailTable(board: Scoreboard, facts: Facts): string {
  let text = TABLE_HEAD;
  for (const slot of used(board)) {
    const isBusy = slot.request !== undefined;
    const megabytes = (slot.bytes / MEGA).toFixed(2);
    text +=
      `<tr><td><b>0-0</b></td><td>${process.pid}</td><td>${isBusy ? 1 : 0}/${slot.accesses}/${slot.accesses}</td><td>${isBusy ? '<b>W</b>' : '_'}\n` +
      `</td><td>0.00</td><td>${Math.max(0, Math.floor((facts.now - slot.since) / 1000))}</td><td>${slot.lastDuration}</td><td>${slot.duration}</td>` +
      `<td>0.0</td><td>${megabytes}</td><td>${megabytes}\n</td><td>${escapeHtml(slot.client)}</td><td>${slot.protocol}</td>` +
      `<td nowrap>${escapeHtml(slot.server)}</td><td nowrap>${shownLine(slot, facts)}</td></tr>\n\n`;
  }
  return text + TABLE_KEY;
}

function detailLines(board: Scoreboard, facts: Facts): string {
  let text = '<hr /><h2>Server Details</h2>\n\n';
  for (const slot of used(board)) {
    const isBusy = slot.request !== undefined;
    text +=
      `<b>Server 0-0</b> (${process.pid}): ${isBusy ? 1 : 0}|${slot.accesses}|${slot.accesses} [${isBusy ? '<b>Write</b>' : 'Ready'}] u0 s0 cu0 cs0\n` +
      ` ${Math.max(0, Math.floor((facts.now - slot.since) / 1000))} ${slot.lastDuration} ${slot.duration}(0 B|${formatBytes(slot.bytes)}|${formatBytes(slot.bytes)})\n` +
      ` <i>${escapeHtml(slot.client)} {${shownLine(slot, facts)}}</i> <i>(${slot.protocol})</i> <b>[${escapeHtml(slot.server)}]</b><br />\n\n`;
  }
  return text;
}

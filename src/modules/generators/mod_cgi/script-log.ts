/** ScriptLog: what went in and came out of scripts that failed (log_script of mod_cgi.c). */
import { appendFile, stat } from 'node:fs';
import type { Request } from '../../../core/request.ts';
import { formatCtime } from '../../../lib/strftime.ts';
import { DEFAULT_LOG_LENGTH, type ServerConf } from './conf.ts';

/** What is known of a run that failed. */
export interface FailedRun {
  readonly status: number;
  /** Why it was not started. */
  readonly error?: string;
  readonly requestBody?: Buffer | undefined;
  readonly output?: string;
  readonly errors?: string;
}

/** Appends an entry, unless the log is as long as it may be. */
export function logScript(r: Request, conf: Readonly<ServerConf>, run: FailedRun): void {
  const { logName, logLength = DEFAULT_LOG_LENGTH } = conf;
  if (logName === undefined) return;
  const entry = Buffer.from(entryOf(r, run), 'latin1');
  const name = Buffer.from(logName, 'latin1');
  stat(name, (error, stats) => {
    if (error === null && stats.size > logLength) return;
    // A log that cannot be written costs the answer nothing.
    appendFile(name, entry, { mode: 0o644 }, () => undefined);
  });
}

function entryOf(r: Request, run: FailedRun): string {
  const query = r.args === undefined ? '' : `?${r.args}`;
  let text = `%% [${formatCtime(Math.floor(Date.now() / 1000))}] ${r.method} ${r.uri}${query} ${r.protocol}\n%% ${run.status} ${r.filename}\n`;
  if (run.error !== undefined) return `${text}%error\n${run.error}\n`;
  text += '%request\n';
  for (const [name, value] of r.headersIn) text += `${name}: ${value}\n`;
  if (run.requestBody !== undefined && run.requestBody.length > 0)
    text += `\n${run.requestBody.toString('latin1')}\n`;
  text += '%response\n';
  for (const [name, value] of r.errHeadersOut) text += `${name}: ${value}\n`;
  if (run.output !== undefined && run.output !== '') text += `%stdout\n${run.output}\n`;
  if (run.errors !== undefined && run.errors !== '') text += `%stderr\n${run.errors}\n`;
  return text;
}

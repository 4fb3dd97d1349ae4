/** Load by wrk: one thread, keep-alive, bounded in time; its findings come back as one line of JSON from a script. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SCRIPT = `done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"failures":%d,"refusals":%d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout, e.status))
end
`;

/** @returns {string | undefined} the command, where it is installed */
export function findWrk() {
  return ['/usr/bin/wrk', '/usr/local/bin/wrk'].find((path) => existsSync(path));
}

/**
 * @typedef {object} Load
 * @property {number} requests completed
 * @property {number} microseconds the load lasted
 * @property {number} bytes received
 * @property {number} p50 latency in microseconds
 * @property {number} p99 latency in microseconds
 * @property {number} failures connections refused, broken or timed out
 * @property {number} refusals answers with a status above 399
 */

/**
 * @param {string} wrk the command
 * @param {string} directory for the script
 * @param {{ url: string, connections: number, seconds: number, fields?: readonly string[] }} how
 * @returns {Promise<Load>}
 */
export function drive(wrk, directory, { url, connections, seconds, fields = [] }) {
  const script = join(directory, 'report.lua');
  if (!existsSync(script)) writeFileSync(script, SCRIPT);
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script];
  for (const field of fields) args.push('-H', field);
  args.push(url);
  return new Promise((resolve, reject) => {
    const child = spawn(wrk, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: (seconds + 15) * 1000 });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', () => {
      const line = output.split('\n').find((text) => text.startsWith('{"requests"'));
      if (line === undefined) reject(new Error(`wrk found nothing:\n${output}`));
      else resolve(JSON.parse(line));
    });
  });
}

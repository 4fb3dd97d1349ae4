/** What Linux says about a process and everything it started: CPU time and memory, from /proc (proc(5)). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks in a second: USER_HZ, 100 on every architecture Node.js runs on. */
const TICKS_PER_SECOND = 100;

/**
 * The fields of /proc/PID/stat that count here. The command name is in parentheses and may hold anything, so the rest
 * is taken from behind the last one.
 * @param {number} pid
 * @returns {{ parent: number, ticks: number } | undefined} undefined when there is no such process
 */
function readStat(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Fields 4 and 14 to 17 of proc(5): ppid, utime, stime, cutime, cstime. The last two hold children that have ended.
  const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
  return { parent: Number(fields[1]), ticks };
}

/**
 * A process and its living descendants.
 * @param {number} root
 * @returns {number[]} process ids, the root first; empty when it has ended
 */
export function processTree(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const stat = readStat(pid);
    if (stat === undefined) continue;
    const siblings = children.get(stat.parent);
    if (siblings === undefined) children.set(stat.parent, [pid]);
    else siblings.push(pid);
  }
  if (readStat(root) === undefined) return [];
  const found = [root];
  for (let index = 0; index < found.length; index++) {
    found.push(...(children.get(found[index] ?? 0) ?? []));
  }
  return found;
}

/**
 * CPU time a tree has used so far, in its own code and in the kernel on its behalf.
 * @param {readonly number[]} pids
 * @returns {number} microseconds
 */
export function cpuTime(pids) {
  let ticks = 0;
  for (const pid of pids) ticks += readStat(pid)?.ticks ?? 0;
  return (ticks * 1e6) / TICKS_PER_SECOND;
}

/**
 * CPU time of this process's children that have ended.
 * @returns {number} microseconds
 */
export function endedChildrenCpuTime() {
  const text = readFileSync('/proc/self/stat', 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[13]) + Number(fields[14])) * 1e6) / TICKS_PER_SECOND;
}

/**
 * @typedef {object} Memory sums over a tree, in bytes
 * @property {number} resident RSS now: a page shared by two processes counts twice
 * @property {number} peak the highest RSS since the start or since `resetPeak` (VmHWM)
 * @property {number} proportional PSS now: a page shared by two processes counts half in each
 */

/**
 * @param {readonly number[]} pids
 * @returns {Memory}
 */
export function memory(pids) {
  const sum = { resident: 0, peak: 0, proportional: 0 };
  for (const pid of pids) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      sum.resident += kibibytes(status, 'VmRSS');
      sum.peak += kibibytes(status, 'VmHWM');
      sum.proportional += kibibytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'), 'Pss');
    } catch {
      // It has just ended.
    }
  }
  return sum;
}

/**
 * Lets VmHWM start again from the RSS of now.
 * @param {readonly number[]} pids
 */
export function resetPeak(pids) {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // It has just ended, or the kernel is built without it: the peak is then that of the whole life.
    }
  }
}

/**
 * @param {string} text
 * @param {string} name
 */
function kibibytes(text, name) {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return found === null ? 0 : Number(found[1]) * 1024;
}

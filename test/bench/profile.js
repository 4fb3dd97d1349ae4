/** Where the time went, from the CPU profiles that Node.js writes (--cpu-prof). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHOWN = 40;

/**
 * The functions that ran longest themselves, of the profiles that were not there before.
 * @param {string} directory
 * @param {ReadonlySet<string>} before files to leave out
 * @returns {string} a line each: share of the busy time, function, place
 */
export function summariseProfiles(directory, before) {
  /** @type {Map<string, number>} */
  const selfTimes = new Map();
  let busy = 0;
  for (const file of readdirSync(directory)) {
    if (before.has(file) || !file.endsWith('.cpuprofile')) continue;
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(directory, file), 'utf8'));
    /** @type {Map<number, string>} */
    const names = new Map();
    for (const { id, callFrame } of nodes) names.set(id, nameOf(callFrame));
    samples.forEach((/** @type {number} */ id, /** @type {number} */ index) => {
      const name = names.get(id) ?? '?';
      if (name.startsWith('(idle)')) return;
      const time = timeDeltas[index] ?? 0;
      busy += time;
      selfTimes.set(name, (selfTimes.get(name) ?? 0) + time);
    });
  }
  return [...selfTimes]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, time]) => `${((time / busy) * 100).toFixed(1).padStart(5)}%  ${name}`)
    .join('\n');
}

/** @param {{ functionName: string, url: string, lineNumber: number }} frame */
function nameOf({ functionName, url, lineNumber }) {
  const place = url.replace(/^file:\/\/.*\/dist\//, '');
  return `${functionName || '(anonymous)'}  ${place}${place === '' ? '' : `:${lineNumber + 1}`}`;
}

/** @param {string} directory */
export function profilesIn(directory) {
  return new Set(readdirSync(directory));
}

/** The benchmark: `npm run bench -- --help`. README.md beside this file says what is measured and how. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { jobs } from './jobs/index.js';
import { readOptions, USAGE } from './options.js';
import { finders } from './peers/index.js';
import { findPhpFpm } from './php-fpm.js';
import { killAll, portSource } from './processes.js';
import { profilesIn, summariseProfiles } from './profile.js';
import { renderResult } from './report.js';
import { makeSite } from './site.js';
import { findWrk } from './wrk.js';

/** However slow the machine is: after this many minutes the run is cut short. */
const LONGEST_RUN = 45;

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}

/** @param {import('./options.js').Options} options */
function choosePeers({ peers: wanted, profile }) {
  const peers = [];
  for (const find of finders) {
    const found = find({ profile });
    if (wanted !== undefined && !wanted.includes(found.name)) continue;
    if ('missing' in found) {
      say(`${found.name}: left out, ${found.missing}`);
    } else {
      say(`${found.name}: ${found.version}`);
      peers.push(found);
    }
  }
  return peers;
}

/** @param {import('./options.js').Options} options */
function chooseJobs({ jobs: wanted }) {
  for (const name of wanted ?? []) {
    if (!jobs.has(name))
      throw new TypeError(`there is no job ${name}; the jobs are ${[...jobs.keys()].join(', ')}`);
  }
  return [...jobs].filter(([name]) => wanted === undefined || wanted.includes(name));
}

/** @param {import('./options.js').Options} options */
async function run(options) {
  const chosen = chooseJobs(options);
  const peers = choosePeers(options);
  const site = makeSite();
  process.once('exit', () => {
    killAll();
    site.remove();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
  setTimeout(() => {
    say(`cut short after ${LONGEST_RUN} minutes`);
    process.exit(1);
  }, LONGEST_RUN * 60_000).unref();
  if (options.profile !== undefined) {
    mkdirSync(options.profile, { recursive: true });
    // The profile is written at the end, by the user the server has become.
    chmodSync(options.profile, 0o777);
  }

  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  say(`${machine}; ${options.rounds} rounds of ${options.seconds} s; × is the ratio to apache-lite\n`);
  const context = {
    options,
    site,
    peers,
    nextPort: portSource(options.port, 100),
    wrk: findWrk(),
    fpmCommand: findPhpFpm(),
  };
  const results = [];
  for (const [name, job] of chosen) {
    const profiled = options.profile === undefined ? undefined : profilesIn(options.profile);
    try {
      const result = await job.run(name, context);
      results.push(result);
      say(renderResult(result));
    } catch (error) {
      say(`${name}: left out, ${error instanceof Error ? error.message : String(error)}\n`);
    }
    if (options.profile !== undefined && profiled !== undefined) {
      say(`${summariseProfiles(options.profile, profiled)}\n`);
    }
  }
  if (options.json !== undefined) {
    const versions = Object.fromEntries(peers.map(({ name, version }) => [name, version]));
    const { rounds, seconds } = options;
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine, versions, rounds, seconds, results }, undefined, 2)}\n`,
    );
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    say('\nJobs:');
    for (const [name, { about }] of jobs) say(`  ${name.padEnd(18)} ${about}`);
  } else {
    await run(options);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** The command line of the benchmark. */
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Options
 * @property {readonly string[] | undefined} jobs names of the jobs to run; undefined: all
 * @property {readonly string[] | undefined} peers names of the servers to run; undefined: all
 * @property {number} seconds of load in one round, at least 1 (wrk counts whole seconds)
 * @property {number} rounds measured rounds of each job
 * @property {number} port first of the 100 loopback ports that may be used
 * @property {string | undefined} json file that receives the results
 * @property {string | undefined} profile directory that receives CPU profiles of apache-lite
 * @property {boolean} help
 */

export const USAGE = `npm run bench -- [options]

  --jobs NAME,...    only these jobs (default: all)
  --peers NAME,...   only these servers (default: apache-lite,httpd,nginx,lighttpd)
  --seconds N        load in one round (default 3)
  --rounds N         rounds of each job; the median counts (default 3)
  --port N           first of the 100 ports on 127.0.0.1 that may be used (default 22200)
  --json FILE        write the results there too
  --profile DIR      keep CPU profiles of apache-lite there and print where its time went
  --help             this text and the list of jobs`;

/**
 * @param {readonly string[]} args
 * @returns {Options}
 * @throws {TypeError} for an option that is unknown or has a bad value
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string' },
      peers: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      port: { type: 'string', default: '22200' },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    jobs: words(values.jobs),
    peers: words(values.peers),
    seconds: whole('seconds', values.seconds, 1, 60),
    rounds: whole('rounds', values.rounds, 1, 50),
    port: whole('port', values.port, 1024, 65435),
    json: values.json,
    profile: values.profile,
    help: values.help,
  };
}

/** @param {string | undefined} text */
function words(text) {
  return text?.split(',').filter((word) => word !== '');
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} from
 * @param {number} to
 */
function whole(name, text, from, to) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new TypeError(`--${name} takes a whole number from ${from} to ${to}`);
  }
  return value;
}

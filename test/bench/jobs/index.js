/** The jobs by name, in the order they run. */
import { runIdle, runSlowReaders } from './connections.js';
import { runChecking, runDemoStart, runStart } from './loading.js';
import { runSlowProxyClients, runStreams } from './streaming.js';
import { runThroughput, throughputJobs } from './throughput.js';

/**
 * @typedef {object} Context what every job is given
 * @property {import('../options.js').Options} options
 * @property {import('../site.js').Site} site
 * @property {readonly import('../peers/index.js').Peer[]} peers that take part
 * @property {() => Promise<number>} nextPort a free port on 127.0.0.1
 * @property {string | undefined} wrk the command
 * @property {string | undefined} fpmCommand php-fpm's
 */

/**
 * @typedef {object} Job
 * @property {string} about
 * @property {(name: string, context: Context) => Promise<import('../report.js').Result>} run
 */

/** @type {ReadonlyMap<string, Job>} */
export const jobs = new Map([
  ...Object.entries(throughputJobs)
    // A key that looks like a number comes first in an object; here the files come first.
    .sort(([a], [b]) => Number(a === '404') - Number(b === '404'))
    .map(([name, job]) => entry(name, job.title, (context) => runThroughput(name, job, context))),
  entry('idle', 'memory of 1,000 idle keep-alive connections', (context) => runIdle('idle', context)),
  entry('slow', 'memory while 20 clients read slowly', (context) => runSlowReaders('slow', context)),
  entry('streams', 'memory while 50 MiB go through fcgi and http, down and up', (context) =>
    runStreams('streams', context),
  ),
  entry('slow-proxy', 'memory while 200 slow clients read from a proxied server', (context) =>
    runSlowProxyClients('slow-proxy', context),
  ),
  entry('vhosts-1k', '-t with 1,000 virtual hosts', (context) => runChecking('vhosts-1k', 1000, context)),
  entry('vhosts-10k', '-t with 10,000 virtual hosts', (context) =>
    runChecking('vhosts-10k', 10_000, context),
  ),
  entry('start', 'start-up with a minimal configuration', (context) => runStart('start', context)),
  entry('start-demo', 'start-up with the demo', (context) => runDemoStart('start-demo', context)),
]);

/**
 * @param {string} name
 * @param {string} about
 * @param {(context: Context) => Promise<import('../report.js').Result>} run
 * @returns {[string, Job]}
 */
function entry(name, about, run) {
  return [name, { about, run: (_, context) => run(context) }];
}

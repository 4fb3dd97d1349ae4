/**
 * Runs the demo: the FastCGI application of conf/demo on a unix socket, and apache-lite with conf/demo/httpd.conf in
 * front of it. The two live and end together.
 *
 * PORT (8080) and HOST (127.0.0.1) in the environment say where to listen; arguments go to apache-lite, behind the
 * demo's own.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFcgiServer } from '../fcgi/responder-server.ts';
import { createDemoApplication } from './application.ts';

const serverRoot = fileURLToPath(new URL('../../../conf/demo', import.meta.url));
const command = fileURLToPath(new URL('../../bin/apache-lite.js', import.meta.url));

interface Place {
  readonly host: string;
  readonly port: number;
  /** Directory of this run: the application's socket, the server's pid file. */
  readonly run: string;
}

/** The address to listen on; throws when the environment names none. */
function placeFromEnvironment(env: NodeJS.ProcessEnv): { host: string; port: number } {
  const port = Number(env.PORT ?? 8080);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error(`PORT=${env.PORT} is no port number`);
  const host = env.HOST ?? '127.0.0.1';
  if (!/^[\w.:-]+$/.test(host)) throw new Error(`HOST=${host} is no address`);
  return { host: host.includes(':') ? `[${host}]` : host, port };
}

/** An argument of a directive, quoted. */
function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

async function startApplication(socket: string): Promise<Server> {
  const server = createFcgiServer(createDemoApplication(join(serverRoot, 'www/app')), {
    onError: (error) => console.error(`demo application: ${error.message}`),
  });
  server.listen(socket);
  await once(server, 'listening');
  // A server started by root serves as another user; the name of the directory is what others would have to guess.
  chmodSync(socket, 0o666);
  return server;
}

function startServer({ host, port, run }: Place, options: readonly string[]): ChildProcess {
  const defines = { DEMO_ROOT: serverRoot, DEMO_RUN: run, DEMO_HOST: host, DEMO_PORT: String(port) };
  const args = Object.entries(defines).flatMap(([name, value]) => ['-C', `Define ${name} ${quote(value)}`]);
  return spawn(
    process.execPath,
    [command, '-d', serverRoot, '-f', 'httpd.conf', ...args, '-DFOREGROUND', ...options],
    { stdio: 'inherit' },
  );
}

/** Says where the demo is, once the server has written its pid file: it listens then. */
function announce({ host, port, run }: Place, server: ChildProcess): void {
  const shown = host === '127.0.0.1' ? 'localhost' : host;
  const timer = setInterval(() => {
    if (!existsSync(join(run, 'httpd.pid'))) return;
    clearInterval(timer);
    console.log(`The demo is at http://${shown}:${port}/ (Ctrl-C ends it)`);
  }, 50);
  server.once('exit', () => clearInterval(timer));
}

async function main(): Promise<number> {
  const { host, port } = placeFromEnvironment(process.env);
  const run = mkdtempSync(join(tmpdir(), 'apache-lite-demo-'));
  process.once('exit', () => rmSync(run, { recursive: true, force: true }));
  chmodSync(run, 0o711);
  const place = { host, port, run };

  const application = await startApplication(join(run, 'app.sock'));
  const server = startServer(place, process.argv.slice(2));
  announce(place, server);
  // Ctrl-C reaches the whole process group, other signals this process alone: the server is always told, once more
  // does no harm.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => server.kill('SIGTERM'));
  const [code, signal] = (await once(server, 'exit')) as [number | null, NodeJS.Signals | null];
  application.close();
  return code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimPorts, type PortRange } from '../support/ports.ts';

/** What `npm start` runs once the build is there. */
export const demoCommand = fileURLToPath(new URL('../../dist/src/demo/main.js', import.meta.url));

const demoPorts: PortRange = { from: 22100, to: 22199, blockSize: 4 };

export interface DemoServer {
  readonly port: number;
  /** Such as `http://127.0.0.1:22100`. */
  readonly base: string;
  /** What it has printed so far, both streams. */
  output(): string;
  /** Ends it by a signal to its first process alone, and tells what it leaves behind. */
  stop(signal?: NodeJS.Signals): Promise<{ exitCode: number | null; leftFiles: string[] }>;
}

/** Starts the demo on a free port and waits until it says where it is. */
export async function startDemo(): Promise<DemoServer> {
  if (!existsSync(demoCommand)) throw new Error(`${demoCommand} is not there: npm run build`);
  const block = await claimPorts(demoPorts);
  const port = block.ports[0] ?? 0;
  const temporary = mkdtempSync(join(tmpdir(), 'demo-test-'));
  chmodSync(temporary, 0o711); // Started by root, the server may serve as another user.
  // A file: on Linux, Node.js makes pipes of sockets, and no process can open /dev/stdout when it is a socket.
  const log = `${temporary}.log`;
  const stream = openSync(log, 'a');
  const child = spawn(process.execPath, [demoCommand], {
    stdio: ['ignore', stream, stream],
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', TMPDIR: temporary },
  });
  closeSync(stream);
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const output = (): string => readFileSync(log, 'utf8');
  const stop: DemoServer['stop'] = async (signal = 'SIGTERM') => {
    child.kill(signal);
    const insist = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const exitCode = await exited;
    clearTimeout(insist);
    const leftFiles = readdirSync(temporary);
    rmSync(temporary, { recursive: true });
    rmSync(log);
    await block.release();
    return { exitCode, leftFiles };
  };
  for (const deadline = Date.now() + 15_000; !output().includes('The demo is at'); ) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const printed = output();
      await stop();
      throw new Error(`the demo did not come up:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { port, base: `http://127.0.0.1:${port}`, output, stop };
}

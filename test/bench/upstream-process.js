/** The HTTP server that is proxied. */
import { fileURLToPath } from 'node:url';
import { Running, untilAnswering } from './processes.js';

const SCRIPT = fileURLToPath(new URL('./upstream.js', import.meta.url));

/**
 * Starts it and waits until it answers.
 * @param {() => Promise<number>} nextPort
 */
export async function startUpstream(nextPort) {
  const port = await nextPort();
  const running = new Running({ command: process.execPath, args: [SCRIPT, String(port)] });
  try {
    await untilAnswering(running, port);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { running, port };
}

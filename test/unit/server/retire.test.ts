import { expect, it } from 'vitest';
import { loadConfiguration } from '../../../src/core/load.ts';
import { createFcgiServer } from '../../../src/fcgi/responder-server.ts';
import { modules } from '../../../src/modules/index.ts';
import { HttpServer } from '../../../src/server/http-server.ts';
import { claimPorts } from '../../support/ports.ts';

/** A kept backend connection belongs to its configuration: it must not outlive it. */
it('a reload and a stop close the kept connections of the configuration before', async () => {
  const open = new Set<unknown>();
  const backend = createFcgiServer((_request, reply) => {
    reply.end('Content-Type: text/plain\r\n\r\nhello');
  });
  backend.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const backendPort = (backend.address() as { port: number }).port;
  const block = await claimPorts({ from: 22600, to: 22649, blockSize: 5 });
  const [port] = block.ports;
  const text = `ServerName x\nListen 127.0.0.1:${port}\n<Location "/">\nRequire all granted\n</Location>\nProxyPass "/" "fcgi://127.0.0.1:${backendPort}/" enablereuse=on\n`;
  const load = async () => {
    const { configuration } = await loadConfiguration(modules, {
      entry: { name: 'test', text },
      serverRoot: '/',
    });
    if (configuration === undefined) throw new Error('the configuration has errors');
    return configuration;
  };
  const server = new HttpServer(await load());
  await server.listen();
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: 'close' } });
    expect(await answer.text()).toBe('hello');
  };
  await ask();
  expect(open.size).toBe(1);
  await server.reload(await load());
  await expect.poll(() => open.size, { timeout: 10_000 }).toBe(0);
  await ask();
  expect(open.size).toBe(1);
  await server.stop(true);
  await expect.poll(() => open.size, { timeout: 10_000 }).toBe(0);
  backend.close();
  await block.release();
});

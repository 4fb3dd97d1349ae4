/** A module with a defect costs the request it fails on, and nothing else. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Configuration } from '../../src/core/configuration.ts';
import { loadConfiguration } from '../../src/core/load.ts';
import { type AnyModule, defineModule } from '../../src/core/module.ts';
import { DECLINED } from '../../src/core/status.ts';
import { modules } from '../../src/modules/index.ts';
import { HttpServer } from '../../src/server/http-server.ts';
import { claimPorts, type PortBlock } from '../support/ports.ts';
import { rawRequest } from '../support/raw-request.ts';

const faulty = defineModule({
  name: 'faulty_module',
  file: 'mod_faulty.c',
  always: true,
  hooks: {
    fixups: (r) => {
      if (r.uri === '/throws') throw new Error('thrown at once');
      if (r.uri === '/rejects') return Promise.reject(new Error('thrown later'));
      return DECLINED;
    },
  },
});

let server: HttpServer | undefined;
let block: PortBlock;
let port = 0;
const logged: string[] = [];
beforeAll(async () => {
  block = await claimPorts({ from: 22400, to: 22499, blockSize: 5 });
  port = block.ports[0] ?? 0;
  const all: AnyModule[] = [...modules, faulty];
  faulty.index = modules.length;
  const text = `ServerName a\nListen 127.0.0.1:${port}\nDocumentRoot /\n<Location "/">\nRequire all granted\n</Location>\n`;
  const { configuration, problems } = await loadConfiguration(all, {
    entry: { name: 'faulty.conf', text },
    serverRoot: '/tmp',
  });
  expect(problems.errors).toEqual([]);
  const main = (configuration as Configuration).main;
  main.log.sink = (line) => void logged.push(line);
  server = new HttpServer(configuration as Configuration);
  await server.listen();
});
afterAll(async () => {
  await server?.stop(false);
  await block.release();
});

it.each(['/throws', '/rejects'])('%s is answered by 500, and the server goes on', async (target) => {
  const next = 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n';
  const { responses } = await rawRequest(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n${next}`, {
    port,
    methods: ['GET', 'OPTIONS'],
  });
  expect(responses[0]).toMatchObject({
    status: 500,
    body: expect.stringContaining('Internal Server Error'),
  });
  expect(logged.at(-1)).toMatch(/\[core:crit\] .*AL0500: internal error: Error: thrown (at once|later)/);
  const again = await rawRequest(next, { port });
  expect(again.responses[0]?.status).toBe(200);
});

/** Exceptions out of callbacks, where no caller of the request's own is there to catch them: the client is answered or cut off, and soon. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { BackendPool } from '../../../src/backend/pool.ts';
import { Pump } from '../../../src/backend/pump.ts';
import type { ScriptHead } from '../../../src/cgi/script-headers.ts';
import type { Configuration } from '../../../src/core/configuration.ts';
import { loadConfiguration } from '../../../src/core/load.ts';
import { type AnyModule, defineModule } from '../../../src/core/module.ts';
import type { Request } from '../../../src/core/request.ts';
import { beginBody } from '../../../src/core/response.ts';
import { DECLINED } from '../../../src/core/status.ts';
import { encodeParams } from '../../../src/fcgi/params.ts';
import { modules } from '../../../src/modules/index.ts';
import { HttpServer } from '../../../src/server/http-server.ts';
import { type FakeFcgi, startFakeFcgi } from '../../support/fake-fcgi.ts';
import { claimPorts, type PortBlock } from '../../support/ports.ts';
import { RawConnection, rawRequest } from '../../support/raw-request.ts';
import { FcgiDriver } from '../backend/fcgi-driver.ts';

type Place = 'onHead' | 'write' | 'flush' | 'end' | 'begun';

let fake: FakeFcgi;
let pool: BackendPool;
let gaveUp = false;

/** Asks a backend, and throws at one place of taking its answer. */
function askBackend(r: Request, place: Place): Promise<number> {
  const at = (here: Place): void => {
    if (here === place) throw new Error(`thrown in ${place}`);
  };
  return new Promise((resolve, reject) => {
    const pump = new Pump<ScriptHead>({
      pool,
      driver: new FcgiDriver(
        encodeParams([['HTTP_X_FAKE', place === 'flush' || place === 'begun' ? 'held' : 'hello']]),
      ),
      body: { isPresent: false, start: () => undefined, resume: () => undefined },
      sink: {
        onHead: () => at('onHead'),
        write(chunk) {
          at('write');
          if (place === 'begun') {
            beginBody(r, 100).write(chunk);
            throw new Error('thrown in begun');
          }
          return true;
        },
        flush: () => at('flush'),
        end: () => at('end'),
        fail: () => resolve(503),
      },
      timeout: 0,
      isRetriable: true,
      onDefect: reject,
    });
    pump.start();
  });
}

/** Reads the request body with a reader that throws; never returns by itself. */
function readBody(r: Request, place: string): Promise<number> {
  r.transport.onAbort(() => {
    gaveUp = true;
  });
  const at = (here: string): void => {
    if (here === place) throw new Error(`thrown in ${place}`);
  };
  r.transport.body.start({
    onBody: () => {
      at('onBody');
      return true;
    },
    onBodyEnd: () => at('onBodyEnd'),
    onBodyError: () => undefined,
  });
  return new Promise(() => undefined);
}

/** Fills the socket, and throws when it has room again. */
function fillSocket(r: Request): Promise<number> {
  const writer = beginBody(r, undefined);
  while (writer.write(Buffer.alloc(1 << 20)));
  r.transport.onDrain(() => {
    throw new Error('thrown in onDrain');
  });
  return new Promise(() => undefined);
}

const faulty = defineModule({
  name: 'faulty_module',
  file: 'mod_faulty.c',
  always: true,
  hooks: {
    handler: {
      order: -10,
      run: (r) => {
        const [, kind, place = ''] = r.uri.split('/');
        if (kind === 'backend') return askBackend(r, place as Place);
        if (kind === 'body') return readBody(r, place);
        if (kind === 'throws') throw new Error('thrown at once');
        if (kind === 'rejects') return Promise.reject(new Error('thrown later'));
        return kind === 'drain' ? fillSocket(r) : DECLINED;
      },
    },
  },
});

let server: HttpServer | undefined;
let block: PortBlock;
let port = 0;
const logged: string[] = [];

beforeAll(async () => {
  block = await claimPorts({ from: 22500, to: 22599, blockSize: 5 });
  port = block.ports[0] ?? 0;
  fake = await startFakeFcgi({ port: 0 });
  pool = new BackendPool({ address: { kind: 'tcp', host: '127.0.0.1', port: fake.port } });
  faulty.index = modules.length;
  const text = `ServerName a\nListen 127.0.0.1:${port}\nDocumentRoot /\n<Location "/">\nRequire all granted\n</Location>\n`;
  const all: AnyModule[] = [...modules, faulty];
  const entry = { name: 'faulty.conf', text };
  const { configuration, problems } = await loadConfiguration(all, { entry, serverRoot: '/tmp' });
  expect(problems.errors).toEqual([]);
  (configuration as Configuration).main.log.sink = (line) => void logged.push(line);
  server = new HttpServer(configuration as Configuration);
  await server.listen();
});
afterAll(async () => {
  await server?.stop(false);
  pool.drain();
  await fake.close();
  await block.release();
});
beforeEach(() => {
  logged.length = 0;
  gaveUp = false;
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

it.each(['onHead', 'write', 'flush', 'end'])('a sink that throws in %s: 500', async (place) => {
  const { responses } = await rawRequest(`GET /backend/${place} HTTP/1.1\r\nHost: a\r\n\r\n`, { port });
  expect(responses[0]).toMatchObject({
    status: 500,
    body: expect.stringContaining('Internal Server Error'),
  });
  expect(logged.join()).toContain(`AL0500: internal error: Error: thrown in ${place}`);
});

/** Sends a request to which no whole answer comes. */
async function expectCut(target: string): Promise<void> {
  const connection = await RawConnection.open({ port });
  await connection.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const response = await connection.readResponse();
  expect(response?.truncated ?? true).toBe(true);
  expect(await connection.closedWithin(2000)).toBe(true);
  connection.close();
}

it('a sink that throws when a part of the answer is out: the connection is cut', async () => {
  await expectCut('/backend/begun');
  expect(logged.join()).toContain('thrown in begun');
});

it.each(['onBody', 'onBodyEnd'])(
  'a reader of the body that throws in %s: 500, and the handler is told to stop',
  async (place) => {
    const head = `POST /body/${place} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n`;
    const { responses } = await rawRequest([head, 'abc'], { port, methods: ['POST'] });
    expect(responses[0]?.status).toBe(500);
    expect(gaveUp).toBe(true);
    expect(logged.join()).toContain(`thrown in ${place}`);
  },
);

it('throwing while a client reads: the connection is cut', async () => {
  await expectCut('/drain');
  expect(logged.join()).toContain('thrown in onDrain');
});

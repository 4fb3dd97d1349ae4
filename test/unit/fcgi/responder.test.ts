import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordType, Role } from '../../../src/fcgi/constants.ts';
import {
  encodeAbortRequest,
  encodeBodylessRequest,
  encodeEmptyRecord,
  encodeRequest,
  encodeStream,
  writeHeader,
} from '../../../src/fcgi/encode.ts';
import { encodeParams } from '../../../src/fcgi/params.ts';
import { ResponderDecoder, type ResponderOptions } from '../../../src/fcgi/responder.ts';
import { createFcgiServer, type FcgiHandler } from '../../../src/fcgi/responder-server.ts';

function decode(chunks: readonly Buffer[], options: ResponderOptions = {}) {
  const seen = {
    requests: [] as { id: number; params: [string, string][]; keep: boolean }[],
    stdin: '',
    stdinEnds: 0,
    aborts: 0,
    replies: [] as Buffer[],
    failures: [] as string[],
  };
  const decoder = new ResponderDecoder(
    {
      onRequest: (id, params, keep) => seen.requests.push({ id, params: [...params], keep }),
      onStdin: (slice) => {
        seen.stdin += slice.toString('latin1');
      },
      onStdinEnd: () => seen.stdinEnds++,
      onAbort: () => seen.aborts++,
      onReply: (reply) => seen.replies.push(reply),
      onFailure: (kind) => seen.failures.push(kind),
    },
    options,
  );
  for (const chunk of chunks) decoder.push(chunk);
  return seen;
}

const opening = (
  params: readonly [string, string][],
  stdin: Buffer | null | undefined,
  requestId = 1,
  keepConnection = true,
) =>
  encodeRequest({
    requestId,
    role: Role.Responder,
    keepConnection,
    params: encodeParams(params),
    stdin: stdin === null ? Buffer.alloc(0) : stdin,
  });

/** With so many bytes behind each record's content that the next begins at a multiple of 8 (section 3.3). */
function padded(type: number, requestId: number, content: Buffer): Buffer {
  const records: Buffer[] = [];
  for (let from = 0; from < content.length; from += 65_535) {
    const piece = content.subarray(from, from + 65_535);
    const padding = -piece.length & 7;
    const header = Buffer.alloc(8);
    writeHeader(header, 0, type, requestId, piece.length, padding);
    records.push(header, piece, Buffer.alloc(padding));
  }
  return Buffer.concat(records);
}

describe('a request without a body is the same bytes as a string', () => {
  it.each([0, 1, 127, 128, 65_526, 65_527, 65_528, 200_000])('a value of %i bytes', (length) => {
    const params = encodeParams([['A', '\xe9'.repeat(length)]]);
    for (const keepConnection of [true, false]) {
      const text = encodeBodylessRequest(1, keepConnection, params);
      const bytes = encodeRequest({
        requestId: 1,
        role: Role.Responder,
        keepConnection,
        params,
        stdin: Buffer.alloc(0),
      });
      expect(Buffer.from(text, 'latin1').equals(bytes)).toBe(true);
    }
    expect(encodeBodylessRequest(700, false, '').charCodeAt(2)).toBe(2);
  });
});

describe('a request as sent is a request as read', () => {
  it.each<[string, [string, string][], number | null]>([
    ['small', [['A', 'b']], 3],
    ['without params', [], 0],
    ['without body', [['A', 'b']], null],
    ['params of 65535 bytes', [['A', 'v'.repeat(65_535 - 6)]], null],
    ['params of 65536 bytes', [['A', 'v'.repeat(65_536 - 6)]], 10],
    [
      'params over two records, body over three',
      [
        ['A', '\xe9'.repeat(100_000)],
        ['B', 'x'],
      ],
      140_000,
    ],
  ])('%s', (_name, params, length) => {
    const stdin = length === null ? null : Buffer.alloc(length, 'x');
    const bytes = opening(params, stdin);
    const expected = {
      requests: [{ id: 1, params, keep: true }],
      stdinEnds: 1,
      replies: [],
      failures: [],
      aborts: 0,
    };
    expect(decode([bytes])).toEqual({ ...expected, stdin: 'x'.repeat(length ?? 0) });
  });

  it('is one buffer of the known bytes', () => {
    expect(opening([['A', 'b']], null, 1, false).toString('hex')).toBe(
      '0101000100080000' +
        '0001000000000000' +
        '0104000100040000' +
        '01014162' +
        '0104000100000000' +
        '0105000100000000',
    );
  });

  it('in parts: params across chunks, body in padded records', () => {
    const body = Buffer.alloc(70_001, 'y');
    const bytes = Buffer.concat([
      opening([['NAME', 'value']], undefined),
      padded(RecordType.Stdin, 1, body),
      encodeStream(RecordType.Stdin, 1, body),
      encodeStream(RecordType.Stdin, 1, Buffer.alloc(0)),
      encodeEmptyRecord(RecordType.Stdin, 1),
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(100), { maxLength: 8 }), (cuts) => {
        const at = cuts.sort((a, b) => a - b);
        const seen = decode([0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length)));
        expect(seen.requests).toEqual([{ id: 1, params: [['NAME', 'value']], keep: true }]);
        expect(seen.stdin.length).toBe(140_002);
        expect(seen.stdinEnds).toBe(1);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the application refuses', () => {
  it('a second request while one is open, other roles, and what it does not know', () => {
    const begin = (id: number, role: number) =>
      Buffer.from([1, 1, 0, id, 0, 8, 0, 0, 0, role, 1, 0, 0, 0, 0, 0]);
    const unknown = Buffer.from([1, 42, 0, 0, 0, 0, 0, 0]);
    const seen = decode([begin(1, 1), begin(2, 1), unknown]);
    expect(seen.replies.map((reply) => reply.toString('hex'))).toEqual([
      '01030002000800000000000001000000',
      '010b0000000800002a00000000000000',
    ]);
    expect(decode([begin(3, 2)]).replies[0]?.toString('hex')).toBe('01030003000800000000000003000000');
  });

  it('the id of an open request, since where its records would go is unclear', () => {
    expect(decode([opening([], undefined), opening([], undefined)]).failures).toEqual(['duplicate-request']);
  });

  it('params that end early, are too many, and other versions', () => {
    const broken = encodeRequest({
      requestId: 1,
      role: 1,
      keepConnection: false,
      params: '\x05\x05x',
      stdin: Buffer.alloc(0),
    });
    expect(decode([broken]).failures).toEqual(['bad-params']);
    expect(decode([opening([['A', 'x'.repeat(2000)]], null)], { maxParams: 1000 }).failures).toEqual([
      'params-too-large',
    ]);
    expect(decode([Buffer.from('GET / HTTP/1.1\r\n\r\n')]).failures).toEqual(['bad-version']);
  });

  it('answers FCGI_GET_VALUES with what it knows', () => {
    const query = encodeParams([
      ['FCGI_MPXS_CONNS', ''],
      ['OTHER', ''],
    ]);
    const seen = decode([encodeStream(RecordType.GetValues, 0, Buffer.from(query))]);
    const content = encodeParams([['FCGI_MPXS_CONNS', '0']]);
    expect(seen.replies[0]?.subarray(8).toString()).toBe(content);
    expect(seen.replies[0]?.[1]).toBe(RecordType.GetValuesResult);
  });

  it('tells of an abort', () => {
    expect(decode([opening([], undefined), encodeAbortRequest(1), encodeAbortRequest(2)]).aborts).toBe(1);
  });
});

/** Sends the requests, each when something came back for the one before; gives all that came back. */
async function talk(handler: FcgiHandler, ...requests: Buffer[]): Promise<Buffer> {
  const server = createFcgiServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const parts: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const socket = connect(address.port, '127.0.0.1');
    const sendNext = () => {
      const next = requests.shift();
      if (next !== undefined) socket.write(next);
    };
    socket.on('data', (chunk) => {
      parts.push(chunk);
      sendNext();
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
    sendNext();
  });
  await new Promise((resolve) => server.close(resolve));
  return Buffer.concat(parts);
}

describe('createFcgiServer', () => {
  it('streams a body back', async () => {
    const answer = await talk(
      (request, reply) => {
        request.pipe(reply);
      },
      opening([], Buffer.alloc(300_000, 'z'), 1, false),
    );
    expect(answer.toString('latin1').split('z').length - 1).toBe(300_000);
    expect(answer.subarray(-16, -14).toString('hex')).toBe('0103');
  });

  it('serves several requests on a kept connection, read or not', async () => {
    const answer = await talk(
      (request, reply) => {
        reply.end(`N=${request.params.get('N')};`);
      },
      opening([['N', '1']], Buffer.from('unread')),
      opening([['N', '2']], null, 1, false),
    );
    expect(answer.toString('latin1')).toMatch(/N=1;.*N=2;/s);
  });

  it('answers 500 for a handler that throws or rejects', async () => {
    const thrown = await talk(
      () => {
        throw new Error('x');
      },
      opening([], null, 1, false),
    );
    const rejected = await talk(
      async () => {
        throw new Error('x');
      },
      opening([], null, 1, false),
    );
    expect(thrown.toString('latin1')).toContain('Status: 500');
    expect(rejected.equals(thrown)).toBe(true);
  });

  it('ends an aborted request and signals it', async () => {
    let isAborted = false;
    const bytes = Buffer.concat([opening([], undefined, 1, false), encodeAbortRequest(1)]);
    const answer = await talk((request) => {
      request.signal.addEventListener('abort', () => {
        isAborted = true;
      });
    }, bytes);
    expect(isAborted).toBe(true);
    expect(answer[1]).toBe(RecordType.EndRequest);
  });
});

import { describe, expect, it } from 'vitest';
import type { DriverEvents } from '../../../../../src/backend/driver.ts';
import { AjpDriver, type AjpRequest } from '../../../../../src/modules/proxy/mod_proxy_ajp/driver.ts';
import type { AjpHead } from '../../../../../src/modules/proxy/mod_proxy_ajp/packets.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const HEAD = 'AB\x00\x0a\x04\x00\xc8\x00\x02OK\x00\x00\x00';
const chunk = (text: string): string =>
  `AB\x00${String.fromCharCode(text.length + 4)}\x03\x00${String.fromCharCode(text.length)}${text}\x00`;
const END = 'AB\x00\x02\x05\x01';
const ASK = 'AB\x00\x03\x06\x1f\xfa';
const EMPTY_DATA = '\x12\x34\x00\x02\x00\x00';
const data = (text: string): string =>
  `\x12\x34\x00${String.fromCharCode(text.length + 2)}\x00${String.fromCharCode(text.length)}${text}`;

function setUp(change: Partial<AjpRequest> = {}): {
  driver: AjpDriver;
  said: string[];
  events: DriverEvents<AjpHead>;
} {
  const said: string[] = [];
  const events: DriverEvents<AjpHead> = {
    onHead: (head) => said.push(`head ${head.status}`),
    onBodyPart: (slice) => said.push(`body ${slice.toString('latin1')}`),
    onSend: (sent) => said.push(`send ${sent.toString('latin1')}`),
    onBodyWanted: () => said.push('wanted'),
    onEnd: () => said.push('end'),
    onProtocolFailure: (kind, detail) => said.push(`${kind} ${detail}`),
  };
  const request: AjpRequest = {
    forward: bytes('FORWARD'),
    packetSize: 8192,
    isBodyAnnounced: false,
    isPinged: false,
    isKept: true,
    ...change,
  };
  const driver = new AjpDriver(request, {
    onPong: () => said.push('pong'),
    onFlush: () => said.push('flush'),
  });
  return { driver, said, events };
}

describe('AjpDriver', () => {
  it('sends the first piece of an announced body unasked, the others when asked', () => {
    const { driver, said, events } = setUp({ isBodyAnnounced: true });
    expect(driver.open(events, undefined, false).toString('latin1')).toBe('FORWARD');
    expect(driver.encodeBody(bytes('abc')).toString('latin1')).toBe(data('abc'));
    expect(driver.isHoldingBody).toBe(false);
    expect(driver.encodeBody(bytes('def')).length).toBe(0);
    expect(driver.isHoldingBody).toBe(true);
    driver.receive(bytes(ASK));
    expect(said).toEqual([`send ${data('def')}`, 'wanted']);
    driver.receive(bytes(ASK));
    expect(driver.encodeBodyEnd()?.toString('latin1')).toBe(EMPTY_DATA);
    driver.receive(bytes(ASK));
    expect(said.at(-1)).toBe(`send ${EMPTY_DATA}`);
  });

  it('sends the start of a body along, no more than a packet of it', () => {
    const { driver, events } = setUp({ isBodyAnnounced: true });
    const opening = driver.open(events, Buffer.alloc(10_000, 'x'), true);
    expect(opening.length).toBe('FORWARD'.length + 8192);
    expect(driver.isHoldingBody).toBe(true);
  });

  it('sends nothing of a chunked body before it is asked for', () => {
    const { driver, said, events } = setUp();
    expect(driver.open(events, bytes('abc'), true).toString('latin1')).toBe('FORWARD');
    driver.receive(bytes(ASK + ASK));
    expect(said).toEqual([`send ${data('abc')}`, `send ${EMPTY_DATA}`]);
  });

  it.each([
    ['of what has not come', false],
    ['of what is over', true],
  ])('hears no end of asks %s', (_what, isWhole) => {
    const { driver, said, events } = setUp();
    driver.open(events, undefined, isWhole);
    driver.receive(bytes(ASK.repeat(64)));
    expect(driver.fault).toBeUndefined();
    driver.receive(bytes(ASK.repeat(1000)));
    expect(driver.fault).toEqual({ kind: 'unexpected', value: 6 });
    expect(said.filter((line) => line.startsWith('send'))).toHaveLength(isWhole ? 64 : 0);
  });

  it('answers many asks as long as there is a body', () => {
    const { driver, events } = setUp();
    driver.open(events, undefined, false);
    let size = 0;
    for (let i = 0; i < 500; i++) {
      driver.receive(bytes(ASK));
      size += driver.encodeBody(Buffer.alloc(100, 'x')).length;
    }
    expect([driver.fault, size]).toEqual([undefined, 500 * 106]);
  });

  it('reads an answer the same wherever it is cut', () => {
    const stream = bytes(HEAD + chunk('one') + chunk('') + chunk('two') + END);
    for (let cut = 0; cut <= stream.length; cut++) {
      const { driver, said, events } = setUp();
      driver.open(events, undefined, true);
      driver.receive(Buffer.from(stream.subarray(0, cut)));
      driver.receive(Buffer.from(stream.subarray(cut)));
      expect(said).toEqual(['head 200', 'body one', 'flush', 'body two', 'end']);
      expect(driver.isReusable).toBe(true);
    }
  });

  it.each([
    ['the container', `${HEAD}AB\x00\x02\x05\x00`, true],
    ['what comes behind the end', `${HEAD}${END}A`, true],
    ['the configuration', HEAD + END, false],
  ])('does not keep the connection against %s', (_who, stream, isKept) => {
    const { driver, said, events } = setUp({ isKept });
    driver.open(events, undefined, true);
    driver.receive(bytes(stream));
    expect(said.at(-1)).toBe('end');
    expect(driver.isReusable).toBe(false);
  });

  it.each([
    ['HTTP/1.1', 'signature'],
    ['AB\xff\xff', 'too-large'],
    ['AB\x00\x00', 'empty'],
    ['AB\x00\x01\x09', 'unexpected'],
    [chunk('x'), 'order'],
    [END, 'order'],
    [HEAD + HEAD, 'twice'],
    ['AB\x00\x0a\x04\x00\x64\x00\x02OK\x00\x00\x00', 'interim'],
    [`${HEAD}AB\x00\x01\x05`, 'reuse'],
    ['AB\x00\x02\x04\x00', 'packet'],
  ])('takes %j for a fault', (stream, kind) => {
    const { driver, said, events } = setUp();
    driver.open(events, undefined, true);
    driver.receive(bytes(stream));
    expect(said.at(-1)).toBe(`protocol ${kind}`);
    expect(driver.fault?.kind).toBe(kind);
  });

  it('an end of the connection without END_RESPONSE is no end of the answer', () => {
    for (let length = 0; length < HEAD.length + 7; length++) {
      const { driver, said, events } = setUp();
      driver.open(events, undefined, true);
      driver.receive(bytes((HEAD + chunk('one')).slice(0, length)));
      driver.socketEnd();
      expect(said.at(-1)).toBe('closed closed');
    }
  });

  it('holds everything until the container has answered CPING', () => {
    const { driver, said, events } = setUp({ isPinged: true, isBodyAnnounced: true });
    expect(driver.open(events, undefined, false).toString('latin1')).toBe('\x12\x34\x00\x01\x0a');
    expect(driver.encodeBody(bytes('abc')).length).toBe(0);
    expect(driver.isHoldingBody).toBe(true);
    driver.receive(bytes('AB\x00\x01\x09'));
    expect(said).toEqual(['send FORWARD', `send ${data('abc')}`, 'wanted', 'pong']);
    expect(driver.isAwaitingPong).toBe(false);
  });

  it('takes another answer to CPING for a fault', () => {
    const { driver, events } = setUp({ isPinged: true });
    driver.open(events, undefined, true);
    driver.receive(bytes(HEAD));
    expect(driver.fault).toEqual({ kind: 'unexpected', value: 4 });
    expect(driver.isAwaitingPong).toBe(true);
  });
});

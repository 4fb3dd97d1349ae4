import { describe, expect, it } from 'vitest';
import type { DriverEvents } from '../../../../../src/backend/driver.ts';
import type { ScriptHead } from '../../../../../src/cgi/script-headers.ts';
import { fieldChoice, mergeScgiDir } from '../../../../../src/modules/proxy/mod_proxy_scgi/config.ts';
import { ScgiDriver } from '../../../../../src/modules/proxy/mod_proxy_scgi/driver.ts';
import { ScgiHead } from '../../../../../src/modules/proxy/mod_proxy_scgi/encode.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('ScgiHead', () => {
  it('begins with CONTENT_LENGTH and SCGI, whatever else is set under these names', () => {
    const head = new ScgiHead(27);
    head.add('CONTENT_LENGTH', '5');
    head.add('SCGI', '2');
    head.add('GATEWAY_INTERFACE', 'CGI/1.1');
    head.add('REQUEST_URI', '/\xe4');
    expect(head.encode().toString('latin1')).toBe(
      '40:CONTENT_LENGTH\x0027\x00SCGI\x001\x00REQUEST_URI\x00/\xe4\x00,',
    );
  });
});

describe('ScgiDriver', () => {
  function answer(text: string, cut: number): string[] {
    const said: string[] = [];
    let body = '';
    const events: DriverEvents<ScriptHead> = {
      onHead: (head) => said.push(`head ${head.status} ${head.contentType}`),
      onBodyPart: (slice) => {
        body += slice.toString('latin1');
      },
      onSend: () => undefined,
      onBodyWanted: () => undefined,
      onEnd: () => said.push(`end ${body}`),
      onProtocolFailure: (kind, detail) => said.push(`${kind} ${detail}`),
    };
    const driver = new ScgiDriver(bytes('OPEN'));
    expect(driver.open(events, bytes('first')).toString('latin1')).toBe('OPENfirst');
    driver.receive(bytes(text.slice(0, cut)));
    driver.receive(bytes(text.slice(cut)));
    driver.socketEnd();
    if (driver.headFailure !== undefined) said.push(driver.headFailure);
    return said;
  }

  it.each([
    ['Status: 404 x\r\nContent-Type: text/plain\r\n\r\nbody', ['head 404 text/plain', 'end body']],
    ['Content-Type: a/b\n\n', ['head undefined a/b', 'end ']],
    ['Content-Type: a/b\r\n', ['protocol script-head', 'no-end']],
    ['no head\r\n\r\n', ['protocol script-head', 'no-colon']],
  ])('%j, cut anywhere', (text, expected) => {
    for (let cut = 1; cut < text.length; cut++)
      expect(
        answer(text, cut).filter((line) => !line.startsWith('end') || expected.at(-1)?.startsWith('end')),
      ).toEqual(expected);
  });
});

describe('configuration', () => {
  it.each([
    ['On', { field: 'X-Sendfile' }],
    ['oFF', 'off'],
    ['X-Mine', { field: 'X-Mine' }],
  ])('%s', (text, expected) => {
    expect(fieldChoice(text, 'X-Sendfile')).toEqual(expected);
  });

  it('the inner section counts where it says something', () => {
    expect(mergeScgiDir({ sendfile: 'off', internalRedirect: 'off' }, { sendfile: { field: 'X' } })).toEqual({
      sendfile: { field: 'X' },
      internalRedirect: 'off',
    });
  });
});

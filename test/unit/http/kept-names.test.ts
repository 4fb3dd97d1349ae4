/** What is kept of names and hosts for the life of the process is no more than the names: not the heads they came in. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { latin1Slice } from '../../../src/http/bytes.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';
import { isBadHost, parseHost } from '../../../src/http/host.ts';
import { RequestParser } from '../../../src/http/request-parser.ts';
import { findInvalidField } from '../../../src/http/response-head.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** A name cut out of a text as long as a head may be. */
function cutOf(name: string): string {
  const head = Buffer.alloc(60_000, 'x');
  head.write(name, 0, 'latin1');
  return latin1Slice(head, 0, head.length).slice(0, name.length);
}

it.each<[what: string, keep: (index: number) => void]>([
  [
    'field names',
    (index) => {
      const head = `GET / HTTP/1.1\r\nX-Some-Name-Of-A-Field-${index}: a\r\nLong: ${'x'.repeat(60_000)}\r\n\r\n`;
      const parser = new RequestParser({
        limits: { line: 8190, fields: 100, fieldSize: 100_000 },
        strict: true,
        registeredMethods: undefined,
        allowHttp09: false,
      });
      parser.feed(Buffer.from(head, 'latin1'), 0);
      expect(parser.head.fields.size).toBe(2);
    },
  ],
  [
    'hosts',
    (index) => expect(isBadHost(parseHost(cutOf(`some-name-${index}.Example.org`), true))).toBe(false),
  ],
  [
    'names in answers',
    (index) => {
      const fields = HeaderFields.from([[cutOf(`X-Some-Other-Field-${index}`), 'a']]);
      expect(findInvalidField(fields)).toBeUndefined();
    },
  ],
])('%s', (_, keep) => {
  keep(0);
  const before = heapUsed();
  // As many whole heads are 30 MB.
  for (let index = 1; index < 500; index++) keep(index);
  expect(heapUsed() - before).toBeLessThan(10e6);
});

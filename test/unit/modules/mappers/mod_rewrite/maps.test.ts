import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { VirtualServer } from '../../../../../src/core/virtual-server.ts';
import { dbmFormat, readDbm } from '../../../../../src/modules/mappers/mod_rewrite/map-dbm.ts';
import {
  MapProgram,
  programIds,
  splitProgram,
} from '../../../../../src/modules/mappers/mod_rewrite/map-program.ts';
import { parseTextMap } from '../../../../../src/modules/mappers/mod_rewrite/map-text.ts';
import { lookUpMap, parseMap } from '../../../../../src/modules/mappers/mod_rewrite/maps.ts';
import type { Pass } from '../../../../../src/modules/mappers/mod_rewrite/pass.ts';
import { applyText } from '../../support.ts';

const directory = mkdtempSync(join(tmpdir(), 'rewrite-maps-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('parseTextMap', () => {
  it.each([
    ['a b', { a: 'b' }],
    ['a b c\nd\t\te', { a: 'b', d: 'e' }],
    ['# a b\n a b\n\nc\nd ', {}],
    ['a 1\na 2', { a: '1' }],
    ['a#b c#d', { 'a#b': 'c#d' }],
    ['voil\xc3\xa0 /\xc3\xa0x', { 'voil\xc3\xa0': '/\xc3\xa0x' }],
    ['a b\r\nc d\r\n', { a: 'b', c: 'd' }],
    [`${'x'.repeat(1000)} ${'y'.repeat(100)}`, { [`${'x'.repeat(1000)}`]: 'y'.repeat(22) }],
  ])('%j', (text, entries) => {
    expect(Object.fromEntries(parseTextMap(text))).toEqual(entries);
  });
});

describe('a map file', () => {
  it('counts as it is now, however soon it was written after the last look', () => {
    const file = join(directory, 'changing.txt');
    writeFileSync(file, 'k 000');
    const warn = (): void => undefined;
    const map = parseMap({
      name: 'm',
      source: `txt:${file}`,
      user: undefined,
      serverRootRelative: (p) => p,
      warn,
    });
    if (typeof map !== 'object' || !('kind' in map)) throw new Error(JSON.stringify(map));
    const pass = { trace: 0, maps: new Map([['m', map]]), r: {} } as unknown as Pass;
    for (let version = 100; version < 400; version++) {
      writeFileSync(file, `k ${version}`);
      expect(lookUpMap(pass, 'm', 'k')).toBe(`${version}`);
    }
  });
});

/** `a b`, as httxt2dbm writes it. */
const FILES: readonly (readonly [type: string, suffix: string, zipped: string])[] = [
  ['db', '', 'H4sIAAAAAAACA+3ZsQnCQBgF4HcpRAuJjQtYuIi4hhAr5xAsbR3IDRzBPSSYEISgnSBYfB/8x90rrv95SVIyaJaTzPrLopvpkFX5dL2vkjY5XbbHzXrIyuif1/t2PuzecwAAAAAAAADgN/p+ftzzV3nUmbd1d37d//f0/wAAAPAHe/++NE8TN8FPADAAAA=='],
  ['sdbm', '.pag', 'H4sIAAAAAAACA2Ni+M/8j5lhFIyCUTDiQFIiAG6PQfkABAAA'],
  ['gdbm', '', 'H4sIAAAAAAACA+3YsQ2CUBiF0V87KklcwBEYgdoFrGEEx2EA12EOdiCgj0dCY2coJOck5INLQfMq+u5xjTJiuSK3WPtKrfM8BgAAAPC3bqqqqqqqqqp69J7Wx+mSe672+9WQvjV/fHtnt/+yD8970aSbajtrzpvdbrfb7Xa73W63b5o2AAAAgIN7A8bU4BwAQAAA'],
]; // biome-ignore format: long texts

describe('DBM files', () => {
  it.each(FILES)('%s', (type, suffix, zipped) => {
    const format = dbmFormat(type);
    const path = join(directory, type);
    writeFileSync(path + suffix, gunzipSync(Buffer.from(zipped, 'base64')));
    expect(format && readDbm(path, format)).toEqual(new Map([['a', 'b']]));
  });
  it.each(FILES)('%s: no file may break the server', (type, suffix, zipped) => {
    const format = dbmFormat(type);
    const path = join(directory, `broken-${type}`);
    const whole = gunzipSync(Buffer.from(zipped, 'base64'));
    for (let round = 0; round < 300; round++) {
      const file = Buffer.from(
        whole.subarray(0, round % 2 === 0 ? whole.length : (whole.length * round) / 300),
      );
      // Where headers, directories, item tables lie.
      const at = [round, 4096 + round, 8192 + (round % 64), whole.length - 1 - (round % 40)][round % 4] ?? 0;
      if (at < file.length) file[at] = 0xff;
      writeFileSync(path + suffix, file);
      const found = format && readDbm(path, format);
      expect(typeof found === 'string' || found instanceof Map).toBe(true);
    }
  });
  it('knows the types that httpd knows', () => {
    const berkeley = dbmFormat('db');
    expect(berkeley?.files('x')).toEqual(['x']);
    expect(dbmFormat('SDBM')?.files('x')).toEqual(['x.dir', 'x.pag']);
    expect(dbmFormat('gdbm')).not.toBe(berkeley);
    expect(['default', 'DB', 'ndbm', ''].map(dbmFormat)).toEqual([berkeley, berkeley, undefined, undefined]);
  });
});

describe('splitProgram', () => {
  it.each([
    ['/bin/x', ['/bin/x']],
    ['/bin/x  a "b c" \'d e\'', ['/bin/x', 'a', 'b c', 'd e']],
    ['x a\\ b "c\\"d"', ['x', 'a b', 'c"d']],
    ['/srv/voil\xc3\xa0/p \xa0', ['/srv/voil\xc3\xa0/p', '\xa0']],
    ['', []],
  ])('%s', (text, words) => {
    expect(splitProgram(text)).toEqual(words);
  });
});

describe('MapProgram', () => {
  const server = applyText('').server as VirtualServer;
  const script = 'while read -r l; do case $l in die) exit;; null) echo NULL;; *) echo "<$l>";; esac; done';

  const quiet = { ...server, slots: [], log: { isOn: () => false } } as unknown as VirtualServer;
  const tellPid = (name: string): string =>
    `echo $$ > ${directory}/${name}.new; mv ${directory}/${name}.new ${directory}/${name}`;
  /** undefined: it has not begun yet. */
  const isRunning = (name: string): boolean | undefined => {
    if (!existsSync(join(directory, name))) return undefined;
    try {
      process.kill(Number(readFileSync(join(directory, name), 'latin1')), 0);
      return true;
    } catch {
      return false;
    }
  };

  it('answers one key after the other, and nothing but empty texts when it has ended', async () => {
    const program = new MapProgram(['/bin/sh', '-c', script], undefined);
    program.isWanted = true;
    const asked = ['a', 'b', 'null', 'c d'].map((key) => program.lookUp(server, key));
    expect(await Promise.all(asked)).toEqual(['<a>', '<b>', undefined, '<c d>']);
    expect(await program.lookUp(server, 'die')).toBe('');
    expect(await program.lookUp(server, 'a')).toBe('');
  });
  it('is not asked where nobody wants it, nor for two lines', () => {
    const program = new MapProgram(['/bin/sh', '-c', script], undefined);
    expect(program.lookUp(server, 'a')).toBeUndefined();
    program.isWanted = true;
    expect(program.lookUp(server, 'a\nb')).toBeUndefined();
  });
  it('that cannot be started is empty', async () => {
    const program = new MapProgram([join(directory, 'none')], undefined);
    program.isWanted = true;
    expect(await program.lookUp(quiet, 'a')).toBe('');
  });
  it('that writes without being asked is ended, and its text kept no longer', async () => {
    const program = new MapProgram(['/bin/sh', '-c', `${tellPid('yes')}; exec yes`], undefined);
    program.isWanted = true;
    program.begin(quiet);
    await expect.poll(() => isRunning('yes')).toBe(false);
    expect(await program.lookUp(quiet, 'a')).toBe('');
  });
  it('that has closed its output is stopped with the configuration all the same', async () => {
    const program = new MapProgram(['/bin/sh', '-c', `${tellPid('shut')}; exec sleep 30 >&-`], undefined);
    program.isWanted = true;
    expect(await program.lookUp(server, 'a')).toBe('');
    await expect.poll(() => isRunning('shut')).toBe(true);
    program.stop();
    await expect.poll(() => isRunning('shut')).toBe(false);
  });
  it.runIf(process.getuid?.() === 0)('runs as the user of the directive', async () => {
    const ids = programIds('nobody:nogroup');
    const program = new MapProgram(['/bin/sh', '-c', 'read -r l; id -un; read -r l; id -gn'], ids);
    program.isWanted = true;
    expect(await Promise.all([program.lookUp(server, 'a'), program.lookUp(server, 'b')])).toEqual([
      'nobody',
      'nogroup',
    ]);
  });
  it.each(['no-such-user', 'nobody:no-such-group', ':nogroup', '#0', 'nobody:#0', '0:0'])(
    'of %s is refused: it would run as root',
    (user) => {
      const { errors } = applyText(`RewriteMap m prg:/bin/cat ${user.includes('#') ? `"${user}"` : user}`);
      expect(errors).toEqual([`RewriteMap: no such user or group: ${user}`]);
    },
  );
  it.each(['nobody', 'nobody:', 'nobody:nogroup'])('of %s is taken', (user) => {
    expect(applyText(`RewriteMap m prg:/bin/cat ${user}`).errors).toEqual([]);
  });
  it('alone has a user', () => {
    const { errors, warnings } = applyText('RewriteMap m int:tolower nobody');
    expect(errors).toEqual([]);
    expect(warnings.join()).toContain("'nobody' says something for prg: maps only");
  });
  it('that does not answer within Timeout is ended', async () => {
    const hasty = {
      ...applyText('Timeout 1').server,
      log: { isOn: () => false },
    } as unknown as VirtualServer;
    const program = new MapProgram(['/bin/sh', '-c', 'read -r l; exec sleep 30'], undefined);
    program.isWanted = true;
    const started = performance.now();
    expect(await program.lookUp(hasty, 'a')).toBe('');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await program.lookUp(hasty, 'b')).toBe('');
  });
  it('is stopped with the configuration', async () => {
    const program = new MapProgram(
      ['/bin/sh', '-c', 'read -r l; read -r l; echo x; exec sleep 30'],
      undefined,
    );
    program.isWanted = true;
    const asked = program.lookUp(server, 'a');
    program.stop();
    expect(await asked).toBe('');
  });
});

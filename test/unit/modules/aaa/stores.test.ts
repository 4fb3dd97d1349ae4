import { describe, expect, it } from 'vitest';
import { dbmTypeFault } from '../../../../src/core/dbm.ts';
import { judgeAnonymous } from '../../../../src/modules/aaa/mod_authn_anon.ts';
import { groupsIn } from '../../../../src/modules/aaa/mod_authz_dbm.ts';

describe('anonymous users', () => {
  it.each([
    [{}, 'guest', 'x', 'user-not-found'],
    [{ users: ['guest'] }, 'GUEST', 'x', 'granted'],
    [{ users: ['guest'] }, 'guest', '', 'denied'],
    [{ users: ['\xe9ve'] }, '\xe9VE', 'x', 'granted'],
    [{ users: ['\xe9ve'] }, '\xc9ve', 'x', 'user-not-found'],
    [{ users: ['guest'], mustGiveEmail: false }, 'guest', '', 'granted'],
    [{ users: ['guest'], verifyEmail: true }, 'guest', 'x', 'denied'],
    [{ users: ['guest'], verifyEmail: true }, 'guest', 'a@b.c', 'granted'],
    [{ users: ['guest'] }, '', 'x', 'user-not-found'],
    [{ users: ['guest'], noUserId: true }, '', 'x', 'granted'],
    [{ anyUser: true }, 'whoever', 'x', 'granted'],
    [{ anyUser: true }, '', 'x', 'user-not-found'],
  ] as const)('%j %s:%s is %s', (conf, user, password, expected) => {
    expect(judgeAnonymous(conf, user, password)).toBe(expected);
  });
});

describe('groups of a DBM file', () => {
  it.each([
    ['staff,all', ['staff', 'all']],
    ['hash:staff:more', ['staff']],
    ['hash:staff,all', ['staff', 'all']],
    ['', []],
  ])('%s', (value, expected) => {
    expect(groupsIn(value)).toEqual(expected);
  });
});

it('types of DBM files', () => {
  expect(dbmTypeFault('AuthDBMType', 'sdbm')).toBeUndefined();
  expect(dbmTypeFault('AuthDBMType', 'Default')).toBeUndefined();
  expect(dbmTypeFault('AuthDBMType', 'GDBM')).toBeUndefined();
  expect(dbmTypeFault('AuthDBMType', 'NDBM')).toContain('NDBM');
});

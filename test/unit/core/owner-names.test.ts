import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  groupId,
  groupName,
  homeDirectory,
  primaryGroupId,
  userId,
  userName,
} from '../../../src/core/owner-names.ts';

const [account = ''] = readFileSync('/etc/passwd', 'latin1').split('\n').slice(-2);
const [name = '', , uid, gid, , home] = account.split(':');
const [group = '', , groupNumber] = readFileSync('/etc/group', 'latin1').split('\n')[1]?.split(':') ?? [];

describe('users and groups of the system', () => {
  test('both ways, with what belongs to a user', () => {
    expect(userName(Number(uid))).toBe(name);
    expect([userId(name), primaryGroupId(name), homeDirectory(name)]).toEqual([
      Number(uid),
      Number(gid),
      home,
    ]);
    expect(groupName(Number(groupNumber))).toBe(group);
    expect(groupId(group)).toBe(Number(groupNumber));
  });
  test('#number names an id, whoever has it', () => {
    expect([userId('#4711'), groupId('#4712')]).toEqual([4711, 4712]);
  });
  test('what nobody has', () => {
    const nobody = 'no such:user';
    expect([userId(nobody), groupId(nobody), primaryGroupId(nobody), homeDirectory(nobody)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([userId(''), userId('toString'), userName(4_000_000_001)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Table } from '../../../../src/core/table.ts';
import { mergeDir, modEnv } from '../../../../src/modules/metadata/mod_env.ts';
import { applyText } from '../support.ts';

const confOf = (text: string) => modEnv.dirOf(applyText(text).server.lookupDefaults);
const varsOf = (vars: Table | undefined) => Object.fromEntries(vars ?? []);

describe('mod_env', () => {
  it('sets and merges', () => {
    // UnsetEnv takes away what its own section has set before it, not what that sets afterwards.
    const base = confOf('SetEnv A 1\nSetEnv B\nSetEnv C "x y"\nUnsetEnv A D\nSetEnv D 1\nSetEnv E 1');
    expect(varsOf(base.vars)).toEqual({ B: '', C: 'x y', D: '1', E: '1' });
    const merged = mergeDir(base, confOf('UnsetEnv C D E\nSetEnv C new\nSetEnv D new\nUnsetEnv D'));
    expect(varsOf(merged.vars)).toEqual({ B: '', C: 'new' });
  });
  it('passes what the server has, and warns of what it has not', () => {
    const applied = applyText('PassEnv AL_TEST_PASSED AL_TEST_MISSING toString', { AL_TEST_PASSED: 'yes' });
    expect(varsOf(modEnv.dirOf(applied.server.lookupDefaults).vars)).toEqual({ AL_TEST_PASSED: 'yes' });
    expect(applied.warnings).toEqual([
      'AH01506: PassEnv variable AL_TEST_MISSING was undefined',
      'AH01506: PassEnv variable toString was undefined',
    ]);
  });
  it('warns of = in a name', () => {
    expect(applyText('SetEnv a=b c').warnings).toEqual([
      "AH10032: Spurious usage of '=' in an environment variable name. 'SetEnv a b' expected instead?",
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { modLogDebug } from '../../../../src/modules/loggers/mod_log_debug.ts';
import { applyText } from '../support.ts';

const entriesOf = (text: string) => modLogDebug.dirOf(applyText(text).server.lookupDefaults).entries ?? [];

describe('LogMessage', () => {
  it.each([
    ['LogMessage text', 'log_transaction', undefined],
    ['LogMessage text hook=all', 'all', undefined],
    ['LogMessage text HOOK=Fixups', 'fixups', undefined],
    ['LogMessage text hook=fixups hook=handler', 'handler', undefined],
    ['LogMessage text expr=true', 'log_transaction', 'true'],
    ['LogMessage text "EXPR=-T %{IPV6}" hook=check_access_ex', 'check_access_ex', '-T %{IPV6}'],
  ])('%s', (text, hook, condition) => {
    const [entry] = entriesOf(`\n${text}`);
    expect([entry?.hook, entry?.condition?.source]).toEqual([hook, condition]);
    expect(entry?.place).toBe('test.conf:2');
  });

  it('keeps the order of the text, and what was said outside first', () => {
    const [first, second] = ['LogMessage a\nLogMessage b', 'LogMessage c'].map((text) => entriesOf(text));
    const merged = modLogDebug.mergeDir?.({ entries: first }, { entries: second }) as {
      entries: typeof first;
    };
    expect(merged.entries?.map(({ message }) => message.source)).toEqual(['a', 'b', 'c']);
  });

  const usage = 'Log a debug message to the error log if this config block is used for  a request';
  it.each([
    ['LogMessage', `LogMessage takes one, two or three arguments, ${usage}`],
    ['LogMessage a b', 'Invalid argument b'],
    ['LogMessage a hook=foo', 'Invalid hook name: foo'],
    ['LogMessage a hook=', 'Invalid hook name: '],
    ['LogMessage a hook=access_checker', 'Invalid hook name: access_checker'],
    ['LogMessage a expr=', "Could not parse expression '': syntax error, unexpected $end"],
    [
      'LogMessage a "expr=true && ("',
      "Could not parse expression 'true && (': syntax error, unexpected $end",
    ],
    [
      'LogMessage "%{a"',
      "Could not parse message expression '%{a': syntax error, unexpected T_ERROR, expecting T_VAR_END or ':': Unterminated string or variable",
    ],
  ])('%s is refused', (text, error) => {
    expect(applyText(text).errors).toEqual([error]);
  });
});

import { describe, expect, it } from 'vitest';
import { type Action, type Options, parseArguments } from '../../../src/cli/options.ts';
import { usageText } from '../../../src/cli/usage.ts';

function optionsOf(action: Action): Options {
  if (action.kind !== 'run') throw new Error(`not to run: ${JSON.stringify(action)}`);
  return action.options;
}

describe('arguments as httpd takes them', () => {
  const cases: [args: string[], expected: Partial<Options>][] = [
    [[], { control: 'none', defines: [], checkOnly: false }],
    [['-f', 'a', '-d', '/b'], { file: 'a', serverRoot: '/b' }],
    [['-fa', '-d/b'], { file: 'a', serverRoot: '/b' }],
    [['-f', 'a', '-f', 'b'], { file: 'b' }],
    [['-tX'], { checkOnly: true, isDebug: true, defines: ['DEBUG'] }],
    [['-tDX'], { checkOnly: true, defines: ['X'] }],
    [['-S'], { checkOnly: true, defines: ['DUMP_VHOSTS', 'DUMP_RUN_CFG'] }],
    [['-MS'], { defines: ['DUMP_MODULES', 'DUMP_VHOSTS', 'DUMP_RUN_CFG'] }],
    [['-C', 'A 1', '-c', 'B', '-CC'], { before: ['A 1', 'C'], after: ['B'] }],
    [['-kstop'], { control: 'stop' }],
    [['-tkstop'], { control: 'stop', checkOnly: true }],
    [['-k', 'graceful-stop', '-T'], { control: 'graceful-stop', noDocumentRootCheck: true }],
    [['-e', 'DEBUG', '-E', 'x'], { startupLevel: 7, startupLog: 'x' }],
    [['-t', '--'], { checkOnly: true }],
    [['-V'], { showSettings: true }],
    [['-DFOREGROUND', '-k', 'start', '-f', 'x'], { commandLine: 'apache-lite -D FOREGROUND -f x' }],
  ];
  it.each(cases)('%j', (args, expected) => {
    expect(optionsOf(parseArguments(args))).toMatchObject(expected);
  });
});

describe('arguments that httpd answers with its usage', () => {
  const cases: [args: string[], error: string | undefined][] = [
    [['-Z'], 'illegal option -- Z'],
    [['-t', '-x'], 'illegal option -- x'],
    [['-:'], 'illegal option -- :'],
    [['-d'], 'option requires an argument -- d'],
    [['-e'], 'option requires an argument -- e'],
    [['-k'], 'illegal option -- k'],
    [['-k', 'foo'], 'illegal option -- k'],
    [['-k', 'start', '-k', 'stop'], 'illegal option -- k'],
    [['-e', 'loud'], undefined],
    [['-h'], undefined],
    [['-?'], undefined],
    [['foo'], undefined],
    [['-', '-t'], undefined],
    [['--', 'x'], undefined],
  ];
  it.each(cases)('%j', (args, error) => {
    expect(parseArguments(args)).toEqual({ kind: 'usage', error });
  });

  it('names the program and the error in front of the page', () => {
    const text = usageText('illegal option -- Z');
    expect(text).toMatch(
      /^apache-lite: illegal option -- Z\nUsage: apache-lite \[-D name\] \[-d directory\]/,
    );
    expect(text).toContain('\n                   [-C "directive"] [-c "directive"]\n');
    expect(text).toContain('\n  -t -D DUMP_INCLUDES: show all included configuration files\n');
    expect(text).toContain('\n  -f file            : specify an alternate ServerConfigFile\n');
  });
});

describe('options that answer at once, in the order given', () => {
  it.each([
    [['-v'], 'version'],
    [['-vl'], 'version'],
    [['-l', '-v'], 'compiled-in'],
    [['-L'], 'directives'],
    [['-t', '-v', '-Z'], 'version'],
    [['-f', 'x', '--help'], 'help'],
    [['--version'], 'version'],
  ] as const)('%j', (args, kind) => {
    expect(parseArguments(args).kind).toBe(kind);
  });
});

/**
 * What each option does, in httpd's order (main() of server/main.c). What a run does not need is not loaded: starting in the background costs
 * the process in the terminal nothing but the start of the other one.
 */
import { startDetached, takeReportDescriptor } from './daemon.ts';
import { type Options, parseArguments } from './options.ts';
import { printBytes, printError } from './output.ts';

/** Runs the command; the answer is its exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  if (args[0] === 'fcgistarter') return (await import('./fcgistarter.ts')).startApplications(args.slice(1));
  if (args[0] === 'lint') return (await import('./lint.ts')).lintCommand(args.slice(1));
  const action = parseArguments(args);
  switch (action.kind) {
    case 'usage':
      printError((await import('./usage.ts')).usageText(action.error));
      return 1;
    case 'help':
      // httpd's -h ends like an error; --help, which it lacks, was asked for.
      printBytes((await import('./usage.ts')).usageText());
      return 0;
    case 'version':
      printBytes((await import('./version.ts')).versionText());
      return 0;
    case 'compiled-in': {
      const [{ compiledInText }, { modules }] = await Promise.all([
        import('./version.ts'),
        import('../modules/index.ts'),
      ]);
      printBytes(compiledInText(modules));
      return 0;
    }
    case 'directives': {
      const [{ directivesText }, { modules }] = await Promise.all([
        import('./directives.ts'),
        import('../modules/index.ts'),
      ]);
      printBytes(directivesText(modules));
      return 0;
    }
    case 'run':
      return run(action.options, args);
  }
}

/** What -X and the defines of the same meaning ask for. */
const FOREGROUND_DEFINES = ['FOREGROUND', 'NO_DETACH', 'ONE_PROCESS', 'DEBUG'];

async function run(options: Options, args: readonly string[]): Promise<number> {
  const isDumping = options.defines.some((name) => /^DUMP_(VHOSTS|RUN_CFG|MODULES|INCLUDES)$/.test(name));
  if (options.checkOnly || options.showSettings || isDumping)
    return (await import('./check.ts')).check(options);
  const report = takeReportDescriptor();
  const isForeground = options.defines.some((name) => FOREGROUND_DEFINES.includes(name));
  if (options.control !== 'none' && options.control !== 'start' && report === undefined) {
    const answer = await (await import('./control.ts')).control(options);
    if (answer !== 'start') return answer;
  }
  if (report === undefined && !isForeground) return startDetached(args);
  return (await import('./serve.ts')).serve(options, isForeground, report);
}

#!/usr/bin/env node
/** The command `apache-lite`: httpd's options, output and exit codes. */
import nodeModule from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';

/** Compiled code is kept between starts where Node can do that (22 and later); in a place that no other user can write to. */
function keepCompiledCode(): void {
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (directory: string) => unknown };
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  if (enableCompileCache !== undefined && path.isAbsolute(cache)) {
    enableCompileCache(path.join(cache, 'apache-lite'));
  }
}

keepCompiledCode();
const { runCommand } = await import('./command.ts');
process.exit(await runCommand(process.argv.slice(2)));

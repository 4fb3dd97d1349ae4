/** What -h prints: httpd's options (usage() of server/main.c). */
import { PROGRAM } from './options.ts';

const OPTIONS: readonly (readonly [option: string, meaning: string])[] = [
  ['-D name', 'define a name for use in <IfDefine name> directives'],
  ['-d directory', 'specify an alternate initial ServerRoot'],
  ['-f file', 'specify an alternate ServerConfigFile'],
  ['-C "directive"', 'process directive before reading config files'],
  ['-c "directive"', 'process directive after reading config files'],
  ['-e level', 'show startup errors of level (see LogLevel)'],
  ['-E file', 'log startup errors to file'],
  ['-v', 'show version number'],
  ['-V', 'show compile settings'],
  ['-h', 'list available command line options (this page)'],
  ['-l', 'list compiled in modules'],
  ['-L', 'list available configuration directives'],
  ['-t -D DUMP_VHOSTS', 'show parsed vhost settings'],
  ['-t -D DUMP_RUN_CFG', 'show parsed run settings'],
  ['-S', 'a synonym for -t -D DUMP_VHOSTS -D DUMP_RUN_CFG'],
  ['-t -D DUMP_MODULES', 'show all loaded modules '],
  ['-M', 'a synonym for -t -D DUMP_MODULES'],
  ['-t -D DUMP_INCLUDES', 'show all included configuration files'],
  ['-t', 'run syntax check for config files'],
  ['-T', 'start without DocumentRoot(s) check'],
  ['-X', 'debug mode (only one worker, do not detach)'],
];

/** The usage page, with what is wrong in front. */
export function usageText(error?: string): string {
  const indent = ' '.repeat(`Usage: ${PROGRAM} `.length);
  const lines = [
    `Usage: ${PROGRAM} [-D name] [-d directory] [-f file]`,
    `${indent}[-C "directive"] [-c "directive"]`,
    `${indent}[-k start|restart|graceful|graceful-stop|stop]`,
    `${indent}[-v] [-V] [-h] [-l] [-L] [-t] [-T] [-S] [-X]`,
    `       ${PROGRAM} fcgistarter -c command -p port|-s socket [-i interface] [-N num]`,
    `       ${PROGRAM} lint [--context server|vhost|directory|htaccess] [--format text|json] FILE...`,
    'Options:',
    ...OPTIONS.map(([option, meaning]) =>
      `  ${option.padEnd(19)}: ${meaning}`.replace('DUMP_INCLUDES :', 'DUMP_INCLUDES:'),
    ),
  ];
  return `${error === undefined ? '' : `${PROGRAM}: ${error}\n`}${lines.join('\n')}\n`;
}

/**
 * ErrorLog syslog[:facility[:tag]]. Node.js has no syslog(3) and no sockets of the kind its daemon reads, so logger(1) is run, once, and told
 * the priority of each line by a prefix.
 */
import { LogProgram, type ProgramEvents } from './log-program.ts';

const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
] as const;
const LOCAL0 = 16;
/** httpd's default. */
const LOCAL7 = LOCAL0 + 7;
/** trace levels are debug there. */
const LEAST_SEVERE = 7;

/** The number of a facility; one that syslog does not know is local7. */
export function facilityNumber(name: string): number {
  const lower = name.toLowerCase();
  const local = /^local([0-7])$/.exec(lower);
  if (local !== null) return LOCAL0 + Number(local[1]);
  const number = (FACILITIES as readonly string[]).indexOf(lower);
  return number < 0 ? LOCAL7 : number;
}

export function syslogProgram(target: string, events: ProgramEvents): LogProgram {
  const [, facility = '', ...rest] = target.split(':');
  const tag = rest.join(':');
  const number = facilityNumber(facility);
  const argv = ['logger', '--prio-prefix', '--tag', tag === '' ? 'apache-lite' : tag];
  return new LogProgram(
    { text: 'logger', argv, file: 'logger' },
    events,
    (level) => `<${number * 8 + Math.min(level, LEAST_SEVERE)}>`,
  );
}

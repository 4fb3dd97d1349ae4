/**
 * mod_reqtimeout: RequestReadTimeout (modules/filters/mod_reqtimeout.c). The connection keeps the time (server/connection-deadlines.ts); here it is
 * said how much there is. The handshake stage counts for TLS alone.
 */
import { type AnyRow, type ApplyResult, type Command, RSRC_CONF } from '../../config/directive.ts';
import { allWords } from '../../config/words.ts';
import type { Configuration } from '../../core/configuration.ts';
import { defineModule } from '../../core/module.ts';
import type { ReadTimeouts, StageTimeout } from '../../core/read-timeouts.ts';

type Stage = keyof ReadTimeouts;
export type ServerConf = { [K in Stage]?: StageTimeout };

/** httpd's, for what is not said. */
const DEFAULTS: ReadTimeouts = {
  handshake: { timeout: 0, longest: 0, minRate: 0 },
  header: { timeout: 20_000, longest: 40_000, minRate: 500 },
  body: { timeout: 20_000, longest: 0, minRate: 500 },
};

/** A number of at most ten digits at the start (strtol); undefined where there is none. */
function number(text: string): { value: number; rest: string } | undefined {
  const match = /^\s*(\d{1,10})/.exec(text);
  return match === null ? undefined : { value: Number(match[1]), rest: text.slice(match[0].length) };
}

/** `T`, `T,MinRate=R`, `T-M,MinRate=R` (parse_timeout); answers the complaint when it is none. */
export function parseStage(text: string): StageTimeout | string {
  const [range = '', ...others] = text.split(',');
  const dash = range.indexOf('-');
  const initialText = dash < 0 ? range : range.slice(0, dash);
  let initial = number(initialText);
  if (initial === undefined && dash === 0) initial = { value: 0, rest: '' };
  if (initial === undefined) return `Value '${initialText}' not numerical`;
  let minRate = 0;
  if (others.length > 0) {
    const option = others.join(',');
    const match = /^minrate=(.*)$/is.exec(option);
    if (match === null) return `Cannot parse ',${option}'`;
    const rate = number(match[1] as string);
    if (rate === undefined || rate.rest !== '') return `Value '${match[1]}' not numerical`;
    if (rate.value === 0) return 'Minimum data rate must be larger than 0';
    minRate = rate.value;
  }
  let longest = 0;
  if (dash >= 0) {
    if (minRate === 0) return 'Must set MinRate option if using timeout range';
    const most = number(range.slice(dash + 1));
    if (most === undefined) return `Value '${range.slice(dash + 1)}' not numerical`;
    if (most.value <= initial.value) return 'Maximum timeout must be larger than initial timeout';
    longest = most.value;
  } else if (initial.rest !== '') {
    return `Cannot parse '${initial.rest}'`;
  }
  return { timeout: initial.value * 1000, longest: longest * 1000, minRate };
}

function requestReadTimeout(cmd: Command<ServerConf, object>, text: string): ApplyResult {
  for (const word of allWords(text)) {
    const equals = word.indexOf('=');
    if (equals < 0) return "Invalid RequestReadTimeout parameter. Parameter must be in the form 'key=value'";
    const key = word.slice(0, equals).toLowerCase();
    if (key !== 'header' && key !== 'body' && key !== 'handshake') {
      return `RequestReadTimeout: ${word}: Unknown RequestReadTimeout parameter`;
    }
    const stage = parseStage(word.slice(equals + 1));
    if (typeof stage === 'string') return `RequestReadTimeout: ${word}: ${stage}`;
    cmd.server[key] = stage;
  }
  return undefined;
}

const directives: readonly AnyRow<ServerConf, object>[] = [
  {
    name: 'RequestReadTimeout',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    usage: 'Set various timeout parameters for TLS handshake and/or reading request headers and body',
    apply: requestReadTimeout,
  },
];

function setTimeouts({ main, virtualServers }: Configuration): void {
  for (const server of [main, ...virtualServers])
    server.readTimeouts = { ...DEFAULTS, ...modReqtimeout.server(server) };
}

export const modReqtimeout = defineModule<ServerConf, object>({
  name: 'reqtimeout_module',
  file: 'mod_reqtimeout.c',
  directives,
  mergeServer: (base, add) => ({ ...base, ...add }),
  postConfig: setTimeouts,
});

/** Parameters of workers: `key=value` of ProxyPass, ProxySet, `<Proxy>` (mod_proxy.c: set_worker_param), in httpd's wording. */
import { atoi, parseTimeout } from '../../../config/values.ts';

/** All times in milliseconds. Undefined: not said. */
export interface WorkerOptions {
  /** Shown by the manager, as the sizes of buffers are: there is no memory to hold for idle connections. */
  min?: number;
  max?: number;
  smax?: number;
  acquire?: number;
  connectTimeout?: number;
  timeout?: number;
  retry?: number;
  ttl?: number;
  /** enablereuse / disablereuse, whichever came last. */
  isReusing?: boolean;
  flushPackets?: 'on' | 'off' | 'auto';
  flushWait?: number;
  /** Of AJP packets; 0: the default. */
  ioBufferSize?: number;
  receiveBufferSize?: number;
  responseFieldSize?: number;
  keepAlive?: boolean;
  lbset?: number;
  loadFactor?: number;
  ping?: number;
  redirect?: string;
  route?: string;
  secret?: string;
  upgrade?: string;
  /** Milliseconds after which connections are opened anew, as the name may mean another address by then; -1: never. */
  addressTtl?: number;
}

/** What takes the letters of `status=`. */
export interface StatusTarget {
  setFlag(letter: string, isOn: boolean): boolean;
}

const MAX_BUFFER = 512;

type Setter = (options: WorkerOptions, value: string, status: StatusTarget) => string | undefined;

function count(key: 'min' | 'max' | 'smax', name: string): Setter {
  return (options, value) => {
    const number = atoi(value);
    if (number < 0) return `${name} must be a positive number`;
    options[key] = number;
    return undefined;
  };
}

function buffer(key: 'ioBufferSize' | 'receiveBufferSize', name: string): Setter {
  return (options, value) => {
    const size = atoi(value);
    if (size < MAX_BUFFER && size !== 0) return `${name} must be >= 512 bytes, or 0 for system default.`;
    options[key] = size;
    return undefined;
  };
}

function duration(
  key: 'acquire' | 'connectTimeout' | 'ping',
  unit: 'ms' | 's',
  wrong: string,
  small: string,
): Setter {
  return (options, value) => {
    const time = parseTimeout(value, unit);
    if (time === undefined) return wrong;
    if (time < 1) return small;
    options[key] = time;
    return undefined;
  };
}

function seconds(key: 'ttl' | 'timeout', small: string): Setter {
  return (options, value) => {
    const time = atoi(value);
    if (time < 1) return small;
    options[key] = time * 1000;
    return undefined;
  };
}

function text(key: 'redirect' | 'route' | 'secret' | 'upgrade', name: string, limit: number): Setter {
  return (options, value) => {
    if (value.length >= limit) return `${name} length must be < ${limit} characters`;
    options[key] = value;
    return undefined;
  };
}

function onOff(value: string): boolean | undefined {
  const lower = value.toLowerCase();
  return lower === 'on' ? true : lower === 'off' ? false : undefined;
}

function reuse(name: string, meaning: boolean): Setter {
  return (options, value) => {
    const isOn = onOff(value);
    if (isOn === undefined) return `${name} must be On|Off`;
    options.isReusing = isOn === meaning;
    return undefined;
  };
}

const SETTERS: Readonly<Record<string, Setter>> = {
  min: count('min', 'Min'),
  max: count('max', 'Max'),
  smax: count('smax', 'Smax'),
  acquire: duration(
    'acquire',
    'ms',
    'Acquire timeout has wrong format',
    'Acquire must be at least one millisecond',
  ),
  connectiontimeout: duration(
    'connectTimeout',
    's',
    'Connectiontimeout has wrong format',
    'Connectiontimeout must be at least one millisecond.',
  ),
  ping: duration(
    'ping',
    's',
    'Ping/Pong timeout has wrong format',
    'Ping/Pong timeout must be at least one millisecond',
  ),
  timeout: seconds('timeout', 'Timeout must be at least one second'),
  ttl: seconds('ttl', 'TTL must be at least one second'),
  retry(options, value) {
    const time = atoi(value);
    if (time < 0) return 'Retry must be a positive value';
    options.retry = time * 1000;
    return undefined;
  },
  iobuffersize: buffer('ioBufferSize', 'IOBufferSize'),
  receivebuffersize: buffer('receiveBufferSize', 'ReceiveBufferSize'),
  responsefieldsize(options, value) {
    const size = atoi(value);
    if (size < 0) return 'ResponseFieldSize must be greater than 0 bytes, or 0 for system default.';
    options.responseFieldSize = size;
    return undefined;
  },
  keepalive(options, value) {
    const isOn = onOff(value);
    if (isOn === undefined) return 'KeepAlive must be On|Off';
    options.keepAlive = isOn;
    return undefined;
  },
  disablereuse: reuse('DisableReuse', false),
  enablereuse: reuse('EnableReuse', true),
  loadfactor(options, value) {
    const factor = Number.parseFloat(value);
    if (!(factor >= 1 && factor <= 100)) return 'LoadFactor must be a number between 1..100';
    options.loadFactor = factor;
    return undefined;
  },
  lbset(options, value) {
    const set = atoi(value);
    if (set < 0 || set > 99) return 'lbset must be between 0 and 99';
    options.lbset = set;
    return undefined;
  },
  flushpackets(options, value) {
    const mode = value.toLowerCase();
    if (mode !== 'on' && mode !== 'off' && mode !== 'auto') return 'flushpackets must be on|off|auto';
    options.flushPackets = mode;
    return undefined;
  },
  flushwait(options, value) {
    const wait = atoi(value);
    if (wait > 1000 || wait < 0)
      return 'flushwait must be <= 1000, or 0 for system default of 10 millseconds.';
    options.flushWait = wait;
    return undefined;
  },
  route: text('route', 'Route', 64),
  redirect: text('redirect', 'Redirect', 64),
  /** For mod_proxy_fdpass, which there is not. */
  flusher: (_options, value) =>
    value.length >= 16 ? 'flusher name length must be < 16 characters' : undefined,
  upgrade: text('upgrade', 'upgrade protocol', 16),
  secret: text('secret', 'Secret', 64),
  addressttl(options, value) {
    const wrong = 'AddressTTL must be -1 or a number of seconds not exceeding (2147483647)';
    if (!/^\s*[+-]?\d+$/.test(value)) return wrong;
    const ttl = Number(value);
    if (ttl < -1 || ttl > 2147483647) return wrong;
    options.addressTtl = ttl < 0 ? -1 : ttl * 1000;
    return undefined;
  },
  status: (_options, value, status) => setStatus(status, value),
};

/** Letters with `+` or `-` before them, `+` when there is none; a sign holds until the next one. */
function setStatus(target: StatusTarget, value: string): string | undefined {
  let isOn = true;
  for (const letter of value) {
    if (letter === '+') isOn = true;
    else if (letter === '-') isOn = false;
    else if (!target.setFlag(letter, isOn)) return 'Unknown status parameter option';
  }
  return undefined;
}

/** Whether a parameter is one of these, and no other module's. */
export function isWorkerOption(key: string): boolean {
  return Object.hasOwn(SETTERS, key.toLowerCase());
}

/** Sets one parameter. Answers what is wrong, or nothing. */
export function setWorkerOption(
  options: WorkerOptions,
  status: StatusTarget,
  key: string,
  value: string,
): string | undefined {
  const lower = key.toLowerCase();
  if (!Object.hasOwn(SETTERS, lower)) return 'unknown Worker parameter';
  return (SETTERS[lower] as Setter)(options, value, status);
}

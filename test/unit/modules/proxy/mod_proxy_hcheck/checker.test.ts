import { describe, expect, it } from 'vitest';
import { HeaderFields } from '../../../../../src/http/header-fields.ts';
import {
  fcgiParameters,
  judge,
  requestHead,
} from '../../../../../src/modules/proxy/mod_proxy_hcheck/checker.ts';
import {
  compileProbeCondition,
  holds,
  ProbeContext,
} from '../../../../../src/modules/proxy/mod_proxy_hcheck/condition.ts';
import { defineWorker, type Worker } from '../../../../../src/modules/proxy/shared/worker.ts';

function member(url: string, uri = '', passes = 1, fails = 1): Worker {
  const worker = defineWorker(url, false);
  if (typeof worker === 'string') throw new Error(worker);
  worker.isMember = true;
  Object.assign(worker.healthCheck, { uri, passes, fails });
  return worker;
}

describe('what is asked', () => {
  it.each([
    ['http://h:81', '/check', 'GET', false, 'GET /check HTTP/1.0\r\nHost: h:81\r\n\r\n'],
    ['http://h/base', '/check', 'GET', true, 'GET /base//check HTTP/1.1\r\nHost: h:80\r\n\r\n'],
    ['http://h/base', '', 'HEAD', false, 'HEAD /base HTTP/1.0\r\nHost: h:80\r\n\r\n'],
    ['http://h/base', '/x', 'OPTIONS', true, 'OPTIONS * HTTP/1.1\r\nHost: h:80\r\n\r\n'],
    ['http://[::1]:81', '', 'GET', false, 'GET / HTTP/1.0\r\nHost: [::1]:81\r\n\r\n'],
  ])('%s %s %s', (url, uri, verb, isNew, expected) => {
    expect(requestHead(member(url, uri), verb, isNew)).toBe(expected);
  });

  it('of FastCGI', () => {
    const parameters = new Map(fcgiParameters(member('fcgi://h:9000', '/ping?a=b'), 'GET'));
    expect([parameters.get('SCRIPT_NAME'), parameters.get('QUERY_STRING')]).toEqual(['/ping', 'a=b']);
  });
});

describe('what comes of checks', () => {
  it.each([
    // passes, fails, outcomes, what changed with each
    [1, 1, '-+-', ['disabled', 'enabled', 'disabled']],
    [2, 3, '---++', [undefined, undefined, 'disabled', undefined, 'enabled']],
    // Neither count falls meanwhile.
    [2, 2, '-+-+-+', [undefined, undefined, 'disabled', undefined, undefined, 'enabled']],
  ])('%d passes, %d fails: %s', (passes, fails, outcomes, expected) => {
    const worker = member('http://h', '', passes, fails);
    expect([...outcomes].map((outcome) => judge(worker, outcome === '+'))).toEqual(expected);
    expect(worker.state.isAvailable).toBe(expected.findLast((one) => one !== undefined) === 'enabled');
  });

  it('ends an error of another kind, too', () => {
    const worker = member('http://h');
    worker.state.markFailed();
    expect(judge(worker, true)).toBe('enabled');
    expect(worker.state.isAvailable).toBe(true);
  });
});

describe('conditions', () => {
  const fields = new HeaderFields();
  fields.append('X-State', 'fine');
  const context = new ProbeContext({ status: 203, fields, body: 'all UP\n' }, 'GET', 'h');
  it.each([
    ["hc('body') =~ /UP/", true],
    ["%{HC_BODY} == 'all UP'", false],
    ["%{REQUEST_STATUS} -in {'200', '203'}", true],
    ["resp('X-State') == 'fine' && %{REQUEST_METHOD} == 'GET'", true],
    ["hc('other') == '' && %{HC_OTHER} == ''", true],
    ["-U '/x'", false],
  ])('%s', (source, expected) => {
    const condition = compileProbeCondition(source);
    expect(typeof condition).toBe('object');
    if (typeof condition === 'object') expect(holds(condition, context)).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { modProxy } from '../../../../../src/modules/proxy/mod_proxy/index.ts';
import { balancerOfHost, defineBalancer } from '../../../../../src/modules/proxy/shared/balancer.ts';
import { memberPrefix } from '../../../../../src/modules/proxy/shared/balancer-reverse.ts';
import { mergeProxyServer } from '../../../../../src/modules/proxy/shared/config.ts';
import { applyText } from '../../support.ts';

const inside = (line: string): string => `<Proxy balancer://b>\n${line}\n</Proxy>`;

/** Texts are httpd's. */
describe('what is refused', () => {
  it.each([
    ['BalancerMember balancer://b', 'BalancerMember must define remote proxy server'],
    [
      'BalancerMember balancer://b fcgi://h x',
      "Invalid BalancerMember parameter. Parameter must be in the form 'key=value'",
    ],
    [inside('BalancerMember'), 'BalancerMember must define remote proxy server'],
    [
      inside('BalancerMember fcgi://h fcgi://g'),
      'BalancerMember can not have a balancer name when defined in a location',
    ],
    [inside('BalancerMember fcgi://h foo=1'), 'BalancerMember unknown Worker hcheck parameter'],
    [inside('BalancerMember notaurl'), 'BalancerMember URL must be absolute!: notaurl'],
    [inside('BalancerMember unix:/x|'), 'BalancerMember uses an invalid "unix:" URL'],
    [
      '<Location /x>\nBalancerMember fcgi://h\n</Location>',
      'BalancerMember Bad syntax for a balancer name (/x)',
    ],
    ['BalancerMember balancer:b fcgi://h', 'BalancerMember Bad syntax for a balancer name (balancer:b)'],
    ['ProxyPass /x balancer://', 'ProxyPass Bad syntax for a balancer name (balancer://)'],
    ['ProxyPass /x balancer://b retry=1', 'ProxyPass unknown Balancer parameter'],
    ['ProxyPass /x balancer://b timeout=0', 'ProxyPass timeout must be at least one second'],
    [
      'ProxyPass /x balancer://b maxattempts=-1',
      'ProxyPass maximum number of attempts must be a positive number',
    ],
    ['ProxyPass /x balancer://b lbmethod=ByRequests', 'ProxyPass unknown lbmethod'],
    [
      'ProxyPass /x balancer://b stickysessionsep=ab',
      'ProxyPass stickysessionsep must be a single character or Off',
    ],
    ['ProxyPass /x balancer://b nofailover=x', 'ProxyPass failover must be On|Off'],
    ['ProxyPass /x balancer://b scolonpathdelim=x', 'ProxyPass scolonpathdelim must be On|Off'],
    ['ProxyPass /x balancer://b failontimeout=x', 'ProxyPass failontimeout must be On|Off'],
    ['ProxyPass /x balancer://b forcerecovery=x', 'ProxyPass forcerecovery must be On|Off'],
    [
      'ProxyPass /x balancer://b failonstatus=503,600',
      'ProxyPass failonstatus must be one or more HTTP response codes',
    ],
    ['ProxyPass /x balancer://b growth=0', 'ProxyPass growth must be between 1 and 100'],
    [`ProxyPass /x balancer://b nonce=${'n'.repeat(37)}`, 'ProxyPass Provided nonce is too large'],
    ['ProxySet balancer://b timeout=1', "ProxySet can not find 'balancer://b' Balancer."],
    [inside('ProxySet timeout=0'), 'ProxySet: timeout must be at least one second timeout=0; balancer://b'],
    [
      '<Proxy balancer://b x>\n</Proxy>',
      "Invalid Proxy parameter. Parameter must be in the form 'key=value'",
    ],
    [
      '<Proxy balancer://b growth=101>\n</Proxy>',
      '<Proxy growth must be between 1 and 100 growth=101; balancer://b',
    ],
    ['BalancerGrowth 1001', 'BalancerGrowth must be between 0 and 1000'],
  ])('%s', (text, message) => {
    expect(applyText(text).errors).toEqual([message]);
  });

  it('a name of 96 characters, not one of 95', () => {
    const url = `balancer://${'b'.repeat(84)}`;
    expect(defineBalancer(url)).toMatchObject({ name: url });
    expect(defineBalancer(`${url}b/x`)).toBe(`balancer name (${url}b) too long`);
  });
});

describe('a balancer', () => {
  it('is made of what all lines say', () => {
    const { server, errors } = applyText(
      [
        'BalancerMember balancer://B/path fcgi://one loadfactor=2.5 status=+H',
        '<Proxy balancer://b timeout=3 failonstatus=404,500>',
        'BalancerMember unix:/s|fcgi://two/x route=r lbset=1',
        'ProxySet lbmethod=bytraffic stickysession=C|p stickysessionsep=- nonce=None',
        '</Proxy>',
        'ProxyPass /x balancer://b/ maxattempts=7',
      ].join('\n'),
    );
    expect(errors).toEqual([]);
    const [balancer, ...others] = modProxy.server(server).balancers ?? [];
    expect(others).toEqual([]);
    expect(balancer).toMatchObject({ name: 'balancer://b', maxAttempts: 7, method: { name: 'bytraffic' } });
    expect(balancer?.options).toEqual({
      timeout: 3000,
      failOnStatus: [404, 500],
      stickyCookie: 'C',
      stickyPath: 'p',
      stickySeparator: '-',
      nonce: '',
      maxAttempts: 7,
    });
    expect(
      balancer?.members.map(({ shownName, record, isMember }) => [
        shownName,
        record.lbfactor,
        record.route,
        isMember,
      ]),
    ).toEqual([
      ['fcgi://one', 250, '', true],
      ['unix:/s|fcgi://two/x', 100, 'r', true],
    ]);
  });

  it.each([
    [
      'BalancerMember fcgi://h\nBalancerMember fcgi://H/a route=2',
      "AH01150: Ignoring parameter 'route=2' for worker 'fcgi://h' because of worker sharing",
    ],
    [
      'BalancerMember unix:/x|fcgi://g\nBalancerMember unix:/y|fcgi://g lbset=2',
      "AH01150: Ignoring parameter 'lbset=2' for worker 'unix:/x|fcgi://g' because of worker sharing",
    ],
  ])('shares members: %s', (lines, warning) => {
    const { server, warnings } = applyText(inside(lines));
    expect(warnings).toEqual([warning]);
    expect(modProxy.server(server).balancers?.[0]?.members).toHaveLength(1);
  });

  it('is found by its host alone', () => {
    const { server } = applyText('ProxyPass /x balancer://Name/\nProxyPass /y balancer://p:77/');
    const { balancers } = modProxy.server(server);
    expect(['name', 'ame', 'p', 'p:77'].map((host) => balancerOfHost(balancers, host)?.name)).toEqual([
      'balancer://name',
      undefined,
      undefined,
      'balancer://p:77',
    ]);
  });
});

describe('BalancerInherit', () => {
  const one = [defineBalancer('balancer://m')].filter((made) => typeof made !== 'string');
  const own = [defineBalancer('balancer://v')].filter((made) => typeof made !== 'string');
  it.each([
    [{}, {}, ['balancer://m', 'balancer://v']],
    [{ inheritsBalancers: false }, {}, ['balancer://m', 'balancer://v']],
    [{ inheritsPass: false }, {}, ['balancer://m', 'balancer://v']],
    [{ inheritsBalancers: false, inheritsPass: false }, {}, ['balancer://v']],
    [{ inheritsBalancers: false }, { inheritsBalancers: true }, ['balancer://m', 'balancer://v']],
    [{}, { inheritsBalancers: false, inheritsPass: false }, ['balancer://v']],
    [{ inheritsPass: false }, { inheritsBalancers: false }, ['balancer://v']],
  ])('%j, %j', (base, add, expected) => {
    const merged = mergeProxyServer({ ...base, balancers: one }, { ...add, balancers: own });
    expect(merged.balancers?.map(({ name }) => name)).toEqual(expected);
  });
});

describe('memberPrefix', () => {
  const { server } = applyText(inside('BalancerMember http://h:81/one\nBalancerMember http://g/'));
  const { balancers } = modProxy.server(server);
  it.each([
    ['http://h:81/one/app/y', 'balancer://b/app/', 'http://h:81/one/app/'],
    ['http://g/app/y', 'balancer://b/app/', 'http://g/app/'],
    ['HTTP://G/APP/y', 'balancer://b/app/', ''],
    ['HTTP://G/y', 'balancer://B/', 'HTTP://G/'],
    ['http://h:81/one', 'balancer://b', 'http://h:81/one'],
    ['http://h:82/one', 'balancer://b', ''],
    ['http://h:81/', 'balancer://b', ''],
    ['http://h:81/one', 'balancer://none', undefined],
    ['http://h:81/one', 'http://h:81/', undefined],
  ])('of %s by %s is %s', (url, to, expected) => {
    expect(memberPrefix(url, to, balancers)).toBe(expected?.length);
  });
});

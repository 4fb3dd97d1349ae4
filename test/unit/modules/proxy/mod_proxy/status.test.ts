import { describe, expect, it } from 'vitest';
import { modProxy } from '../../../../../src/modules/proxy/mod_proxy/index.ts';
import { proxyStatus } from '../../../../../src/modules/proxy/mod_proxy/status.ts';
import { applyText } from '../../support.ts';

const TEXT =
  '<Proxy "balancer://one">\nBalancerMember http://127.0.0.1:1 route=a loadfactor=3\n' +
  'BalancerMember http://127.0.0.1:2/x redirect=b status=+H\nProxySet stickysession=SID|sid timeout=5\n</Proxy>\n';

function statusOf(text: string, isText: boolean): string {
  const { server, errors } = applyText(text);
  expect(errors).toEqual([]);
  return proxyStatus(modProxy.server(server), isText);
}

describe('ProxyStatus', () => {
  it('is Off by default', () => {
    expect(statusOf(TEXT, true)).toBe('');
    expect(statusOf('ProxyStatus On', true)).toBe('');
  });

  it('for programs', () => {
    expect(statusOf(`ProxyStatus On\n${TEXT}`, true).split('\n').slice(0, 9)).toEqual([
      'ProxyBalancer[0]Name: balancer://one',
      'ProxyBalancer[0]Worker[0]Name: http://127.0.0.1:1',
      'ProxyBalancer[0]Worker[0]Status: Init Ok ',
      'ProxyBalancer[0]Worker[0]Elected: 0',
      'ProxyBalancer[0]Worker[0]Busy: 0',
      'ProxyBalancer[0]Worker[0]Sent: 0K',
      'ProxyBalancer[0]Worker[0]Rcvd: 0K',
      'ProxyBalancer[0]Worker[1]Name: http://127.0.0.1:2/x',
      'ProxyBalancer[0]Worker[1]Status: Init Stby Ok ',
    ]);
  });

  it('for people', () => {
    const page = statusOf(`ProxyStatus Full\n${TEXT}`, false);
    expect(page).toContain('<tr><td>SID | sid</td><td>5</td><td>byrequests</td>\n</table>\n');
    expect(page).toContain(
      '<tr>\n<td>http</td><td>127.0.0.1</td><td>Init Stby Ok </td><td></td><td>b</td><td>1.00</td><td>0</td><td>0</td><td>0</td>' +
        '<td>  0 </td><td>  0 </td>\n</tr>\n',
    );
  });
});

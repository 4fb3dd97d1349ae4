import { describe, expect, it } from 'vitest';
import { coreServer } from '../../../../src/core/core-config.ts';
import { applyText } from '../support.ts';

/** httpd's answers to `apache2 -t`. */
describe('MPM, unixd and watchdog directives', () => {
  it.each([
    ['Listen', 'Listen requires 1 or 2 arguments.'],
    ['Listen foo', 'Port must be specified'],
    ['Listen 0', 'Invalid address or port'],
    ['Listen 99999', 'Invalid address or port'],
    ['Listen 80 http x', 'Listen requires 1 or 2 arguments.'],
    ['Listen *', 'Port must be specified'],
    ['Listen [::1', 'Invalid address or port'],
    ['ListenBacklog 0', 'ListenBacklog must be > 0'],
    ['ListenCoresBucketsRatio 0', 'ListenCoresBucketsRatio must be > 0'],
    ['SendBufferSize 100', 'SendBufferSize must be >= 512 bytes, or 0 for system default.'],
    ['SendBufferSize 0', undefined],
    ['StartServers x', undefined],
    ['GracefulShutdownTimeout -1', undefined],
    ['AsyncRequestWorkerFactor 0', 'AsyncRequestWorkerFactor argument must be a positive number'],
    ['AsyncRequestWorkerFactor x', 'error parsing value'],
    ['MinSpareServers 1\nMaxSpareServers 2', undefined],
    ['<VirtualHost *:80>\nListen 81\n</VirtualHost>', 'Listen cannot occur within <VirtualHost> section'],
    ['WatchdogInterval x', 'Unparse-able WatchdogInterval setting'],
    ['WatchdogInterval 5ms', 'Invalid WatchdogInterval: minimal value 100ms'],
    ['WatchdogInterval 5', undefined],
    ['User no-such-user-here', 'AH00543: apache-lite: bad user name no-such-user-here'],
    ['Suexec Off', undefined],
    ['ChrootDir /tmp', 'ChrootDir is not supported'],
  ])('%s', (text, error) => {
    expect(applyText(text).errors[0]).toBe(error);
  });

  it('collects what to listen on', () => {
    const { listen } = coreServer(
      applyText('Listen 80\nListen 127.0.0.1:8443 https\nListen [::1]:81\nListen *:443').server,
    );
    expect(listen?.map(({ host, port, protocol }) => [host, port, protocol])).toEqual([
      [undefined, 80, 'http'],
      ['127.0.0.1', 8443, 'https'],
      ['::1', 81, 'http'],
      [undefined, 443, 'https'],
    ]);
  });
});

import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackendFailureKind, failureOf } from '../../../src/backend/failure.ts';
import { BackendPool } from '../../../src/backend/pool.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('failureOf', () => {
  it.each<[string, boolean, BackendFailureKind]>([
    ['ECONNREFUSED', false, 'refused'],
    ['EAGAIN', false, 'refused'],
    ['ENOENT', false, 'not-found'],
    ['ENOTFOUND', false, 'dns'],
    ['EACCES', false, 'permission'],
    ['EHOSTUNREACH', false, 'unreachable'],
    ['ETIMEDOUT', false, 'connect-timeout'],
    ['ETIMEDOUT', true, 'timeout'],
    ['ECONNRESET', true, 'reset'],
    ['EPIPE', true, 'reset'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', false, 'tls'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true, 'reset'],
    ['EMFILE', false, 'other'],
  ])('%s, connected: %s, is %s', (code, isConnected, kind) => {
    expect(failureOf(systemError(code), isConnected)).toEqual({ kind, detail: code });
  });

  it('takes a connection broken before it could be used for a failed handshake, unless nobody was reached', () => {
    const broken = Object.assign(systemError('ECONNRESET'), { syscall: 'read' });
    expect(failureOf(broken, false)).toEqual({ kind: 'tls', detail: 'ECONNRESET' });
    const unreached = Object.assign(systemError('ECONNRESET'), { syscall: 'connect' });
    expect(failureOf(unreached, false).kind).toBe('reset');
  });

  it('takes the first reason when all addresses of a host failed', () => {
    const error = new AggregateError([systemError('ECONNREFUSED'), systemError('ENETUNREACH')]);
    expect(failureOf(error, false).kind).toBe('refused');
  });
});

describe.skipIf(!hasOpenssl())('TLS to a backend (skipped without openssl)', () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = new Certificates();
  });
  afterAll(() => certificates.dispose());

  it.each<[string, boolean, string]>([
    ['trusted', false, 'acquired'],
    ['not trusted', true, 'tls'],
  ])('%s', async (_name, rejectUnauthorized, outcome) => {
    const pair = { key: certificates.read('ca.key'), cert: certificates.read('ca.crt') };
    const server = createServer(pair, (socket) => socket.on('error', () => {}).resume());
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    const pool = new BackendPool({
      address: { kind: 'tcp', host: '127.0.0.1', port: address.port },
      tls: { key: '', options: { rejectUnauthorized } },
    });
    const got = await new Promise<string>((resolve) => {
      pool.acquire({
        onAcquired: (connection) => {
          pool.release(connection, true);
          resolve('acquired');
        },
        onAcquireFailed: (failure) => resolve(failure.kind),
      });
    });
    expect(got).toBe(outcome);
    pool.drain();
    await new Promise((resolve) => server.close(resolve));
  });
});

import { describe, expect, it } from 'vitest';
import { CREDENTIALS_GROUP, type CredentialsKeeper } from '../../../../src/core/authn.ts';
import type { Request } from '../../../../src/core/request.ts';
import { modAuthnSocache } from '../../../../src/modules/aaa/mod_authn_socache.ts';

describe('credentials that are kept', () => {
  const slots: object[] = [];
  slots[modAuthnSocache.index] = { providers: ['file'] };
  /** As much of a request as is asked for. */
  const r = {
    configuration: {},
    server: { hostname: 'localhost', log: { isOn: () => false } },
    log: { isOn: () => false },
    uri: '/a/b',
    perDir: { slots },
  } as unknown as Request;
  const { keeper } = (modAuthnSocache.providers?.[CREDENTIALS_GROUP] ?? {}) as unknown as {
    keeper: CredentialsKeeper;
  };
  const find = (user: string) => modAuthnSocache.authnProviders?.socache?.realmHash?.(r, user, 'realm');

  it('are ten thousand at most, whatever is asked for', () => {
    for (let i = 0; i <= 10_000; i++) keeper.store(r, 'file', `u${i}`, 'realm', `hash ${i}`);
    expect(find('u10000')).toEqual({ hash: 'hash 10000' });
    expect(find('u1')).toEqual({ hash: 'hash 1' });
    expect(find('u0')).toBe('user-not-found');
  });
});

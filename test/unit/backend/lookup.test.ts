import { type LookupAddress, lookup as resolve } from 'node:dns';
import { describe, expect, it, vi } from 'vitest';
import { lookupRemembered } from '../../../src/backend/lookup.ts';

// The machine's resolver may take its time over a name that nobody has, or have an address for all.
vi.mock('node:dns', async (importOriginal) => {
  const dns = await importOriginal<typeof import('node:dns')>();
  const lookup = vi.fn(
    (host: string, { family }: { family?: number }, callback: (...found: unknown[]) => void) => {
      const error = host === 'localhost' ? null : Object.assign(new Error('unknown'), { code: 'ENOTFOUND' });
      const addresses: LookupAddress[] = [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ].filter((found) => !family || found.family === family);
      setImmediate(() => callback(error, error === null ? addresses : undefined));
    },
  );
  return { ...dns, lookup };
});

interface Answer {
  readonly error: string | undefined;
  readonly address: unknown;
  readonly family: number | undefined;
}

function ask(host: string, options: { all?: boolean; family?: number } = {}): Promise<Answer> {
  return new Promise((resolve) =>
    lookupRemembered(host, options, (error, address, family) =>
      resolve({ error: error?.code, address, family }),
    ),
  );
}

describe('names of backends', () => {
  it('are given as the socket asks, many at once', async () => {
    const [one, all, four, again] = await Promise.all([
      ask('localhost', { family: 4 }),
      ask('localhost', { all: true }),
      ask('localhost', { all: true, family: 4 }),
      ask('localhost', { family: 4 }),
    ]);
    expect(one).toEqual({ error: undefined, address: '127.0.0.1', family: 4 });
    expect(again).toEqual(one);
    expect(four?.address).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(all?.address).toContainEqual({ address: '127.0.0.1', family: 4 });
  });

  it('are remembered: the second answer comes within the call', async () => {
    await ask('localhost', { family: 4 });
    const asked = vi.mocked(resolve).mock.calls.length;
    let isCalled = false;
    lookupRemembered('localhost', { family: 4 }, () => {
      isCalled = true;
    });
    expect([isCalled, vi.mocked(resolve).mock.calls.length]).toEqual([true, asked]);
  });

  it('that nobody knows are asked for anew', async () => {
    const first = await ask('no-such-host.invalid', { all: true });
    expect(first.error).toBe('ENOTFOUND');
    const asked = vi.mocked(resolve).mock.calls.length;
    await ask('no-such-host.invalid', { all: true });
    expect(vi.mocked(resolve).mock.calls.length).toBe(asked + 1);
  });
});

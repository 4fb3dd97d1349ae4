import { describe, expect, it } from 'vitest';
import { lookupRemembered } from '../../../src/backend/lookup.ts';

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
    let isCalled = false;
    lookupRemembered('localhost', { family: 4 }, () => {
      isCalled = true;
    });
    expect(isCalled).toBe(true);
  });

  it('that nobody knows are asked for anew', async () => {
    const first = await ask('no-such-host.invalid', { all: true });
    expect(first.error).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
    let isCalled = false;
    const second = new Promise<void>((resolve) =>
      lookupRemembered('no-such-host.invalid', { all: true }, () => {
        isCalled = true;
        resolve();
      }),
    );
    expect(isCalled).toBe(false);
    await second;
  });
});

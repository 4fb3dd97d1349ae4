import type { ExprContext, RequestVariable } from '../../../src/expr/index.ts';

export interface FakeContext extends ExprContext {
  readonly varied: string[];
}

export interface Facts {
  readonly request?: Readonly<Record<string, string>>;
  readonly response?: Readonly<Record<string, string>>;
  /** Names in upper case: lookup is without case. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly notes?: Readonly<Record<string, string>>;
  readonly variables?: Partial<Record<RequestVariable, string>>;
  readonly clientAddress?: string;
  readonly now?: Date;
  readonly uri?: (uri: string) => boolean | Promise<boolean>;
  readonly file?: (path: string) => boolean | Promise<boolean>;
}

/** The request of the measurements unless told otherwise. */
export const fakeContext = (facts: Facts = {}): FakeContext => {
  const varied: string[] = [];
  const request = facts.request ?? { host: '127.0.0.1:21300', 'x-t': 'tt', cookie: 'ck=1' };
  const variables = facts.variables ?? { REMOTE_ADDR: '127.0.0.1' };
  const environment = facts.environment ?? { FROMSETENV: 'fse', FROMSETENVIF: 'fsei' };
  return {
    varied,
    captures: undefined,
    clientAddress: facts.clientAddress ?? '127.0.0.1',
    requestHeader: (name) => request[name],
    responseHeader: (name) => facts.response?.[name],
    environment: (name) => environment[name.toUpperCase()],
    note: (name) => facts.notes?.[name],
    variable: (name) => variables[name],
    now: () => facts.now ?? new Date(2026, 10, 23, 9, 5, 7),
    canAccessUri: facts.uri ?? (() => true),
    canAccessFile: facts.file ?? (() => false),
    vary: (header) => {
      varied.push(header);
    },
  };
};

/** SSLCipherSuite and SSLProxyCipherSuite: two lists, one for TLS 1.3 and one for what was before (ssl_cmd_SSLCipherSuite). */
import { createSecureContext } from 'node:tls';
import type { ContextProblem } from './problem.ts';

/** What OpenSSL offers of TLS 1.3 where nothing is said. */
const DEFAULT_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
const DEFAULT_CIPHERS = 'DEFAULT';

interface CipherLists {
  ciphers?: string;
  suites?: string;
}

/** `[protocol] list`. A text: what is wrong. */
export function setCipherSuite(
  conf: CipherLists,
  first: string,
  second: string | undefined,
): string | undefined {
  const protocol = second === undefined ? 'SSL' : first;
  const list = second ?? first;
  if (protocol === 'TLSv1.3') conf.suites = list;
  // Null and export ciphers never.
  else if (protocol === 'SSL') conf.ciphers = `${list}:!aNULL:!eNULL:!EXP`;
  else return `protocol '${protocol}' not supported`;
  return undefined;
}

/** Both lists as Node takes them: in one, told apart by their names. */
export function nodeCiphers({ ciphers, suites }: Readonly<CipherLists>): string {
  // OpenSSL passes over names of TLS 1.3 in the list of the others, Node would take them.
  const others = (ciphers ?? DEFAULT_CIPHERS).split(':').filter((name) => !name.startsWith('TLS_'));
  return `${suites ?? DEFAULT_SUITES}:${others.join(':')}`;
}

function isAccepted(ciphers: string): boolean {
  try {
    createSecureContext({ ciphers });
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with the lists, in httpd's words. */
export function checkCiphers(lists: Readonly<CipherLists>): ContextProblem | undefined {
  const { ciphers, suites } = lists;
  if (ciphers !== undefined && !isAccepted(nodeCiphers({ ciphers })))
    return { code: 'AH01898', message: 'Unable to configure permitted SSL ciphers', hint: 'no cipher match' };
  if (suites === undefined) return undefined;
  const areOfTls13 = suites.split(':').every((name) => name === '' || name.startsWith('TLS_'));
  if (areOfTls13 && isAccepted(nodeCiphers({ suites }))) return undefined;
  return {
    code: 'AH10127',
    message: 'Unable to configure permitted TLSv1.3 ciphers',
    hint: 'no cipher match',
  };
}

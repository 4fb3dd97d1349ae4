/** SSLProtocol and SSLProxyProtocol (ssl_cmd_protocol_parse of ssl_engine_config.c, ssl_init_ctx_protocol of ssl_engine_init.c). */
import type { SecureVersion } from 'node:tls';
import { getWord } from '../../../config/words.ts';
import { asciiLower } from '../../../lib/ascii.ts';

const VERSIONS: readonly (readonly [name: string, version: SecureVersion])[] = [
  ['tlsv1', 'TLSv1'],
  ['tlsv1.1', 'TLSv1.1'],
  ['tlsv1.2', 'TLSv1.2'],
  ['tlsv1.3', 'TLSv1.3'],
];
const ALL: readonly SecureVersion[] = VERSIONS.map(([, version]) => version);

export type ProtocolSet = ReadonlySet<SecureVersion>;
export const ALL_PROTOCOLS: ProtocolSet = new Set(ALL);

/** Versions a word names; none for `-SSLv2` and `-SSLv3`, which are not there to begin with. A text: what is wrong with it. */
function versionsOf(
  directive: string,
  name: string,
  sign: string,
): readonly SecureVersion[] | { error: string } {
  const key = asciiLower(name);
  if (key === 'all') return ALL;
  const known = VERSIONS.find(([written]) => written === key);
  if (known !== undefined) return [known[1]];
  // httpd says SSLProtocol here whatever the directive.
  if (key === 'sslv2') return sign === '-' ? [] : { error: 'SSLProtocol: SSLv2 is no longer supported' };
  if (key === 'sslv3') return sign === '-' ? [] : { error: 'SSLv3 not supported by this version of OpenSSL' };
  return { error: `${directive}: Illegal protocol '${name}'` };
}

/** Reads the words of the directive. `warn` hears of a version that forgets those named before. */
export function parseProtocols(
  directive: string,
  text: string,
  warn: (message: string) => void,
): ProtocolSet | { readonly error: string } {
  let protocols = new Set<SecureVersion>();
  for (let rest = text; rest !== ''; ) {
    const [word, more] = getWord(rest);
    rest = more;
    const sign = word.startsWith('+') || word.startsWith('-') ? word.charAt(0) : '';
    const name = word.slice(sign.length);
    const versions = versionsOf(directive, name, sign);
    if ('error' in versions) return versions;
    if (sign === '') {
      if (protocols.size > 0) {
        const rule = `Protocol '${name}' overrides already set parameter(s).`;
        warn(`AH02532: ${directive}: ${rule} Check if a +/- prefix is missing.`);
      }
      protocols = new Set(versions);
    }
    for (const version of versions) {
      if (sign === '-') protocols.delete(version);
      else protocols.add(version);
    }
  }
  return protocols;
}

/** From the highest version named down to the first that is not: OpenSSL knows no gaps. undefined: no version at all. */
export function versionRange(
  protocols: ProtocolSet,
): { readonly minVersion: SecureVersion; readonly maxVersion: SecureVersion } | undefined {
  let at = ALL.length - 1;
  while (at >= 0 && !protocols.has(ALL[at] as SecureVersion)) at--;
  const maxVersion = ALL[at];
  if (maxVersion === undefined) return undefined;
  while (at > 0 && protocols.has(ALL[at - 1] as SecureVersion)) at--;
  return { minVersion: ALL[at] as SecureVersion, maxVersion };
}

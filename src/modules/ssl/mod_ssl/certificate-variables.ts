/** SSL_SERVER_*: what a certificate says (ssl_var_lookup_ssl_cert). Values are byte strings of UTF-8. */
import type { X509Certificate } from 'node:crypto';
import { alternativeNames, nameInOneLine } from './certificate-text.ts';
import { elementsOf, oidOf } from './der.ts';

const DAY = 86_400_000;
const CONTEXT_0 = 0xa0;

/** Components of a name by the letters variables use; the short names of OpenSSL. */
const COMPONENTS: Readonly<Record<string, string>> = {
  C: 'C',
  ST: 'ST',
  SP: 'ST',
  L: 'L',
  O: 'O',
  OU: 'OU',
  CN: 'CN',
  T: 'title',
  I: 'initials',
  G: 'GN',
  S: 'SN',
  D: 'description',
  UID: 'UID',
  DC: 'DC',
  Email: 'emailAddress',
};
/** Components that StdEnvVars exports, in httpd's order. */
const EXPORTED_COMPONENTS: readonly string[] = Object.keys(COMPONENTS).filter((name) => name !== 'SP');

const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'md5WithRSAEncryption',
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'rsassaPss',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.113549.1.1.14': 'sha224WithRSAEncryption',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.1': 'ecdsa-with-SHA224',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'ED25519',
  '1.3.101.113': 'ED448',
};
const KEYS: Readonly<Record<string, string>> = {
  rsa: 'rsaEncryption',
  'rsa-pss': 'rsassaPss',
  dsa: 'dsaEncryption',
  ec: 'id-ecPublicKey',
  ed25519: 'ED25519',
  ed448: 'ED448',
};

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** `CN=a\, b` without the escapes of RFC 2253. */
function unescaped(value: string): string {
  return value.replace(
    /\\(?:([0-9A-Fa-f]{2})|(.))/gs,
    (_, hex: string | undefined, char: string | undefined) =>
      hex === undefined ? (char ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Values of a component, in the name's order. */
function componentsOf(name: string, component: string): string[] {
  const prefix = `${COMPONENTS[component] ?? ''}=`;
  return name
    .split('\n')
    .filter((line) => line.startsWith(prefix))
    .map((line) => bytes(unescaped(line.slice(prefix.length))));
}

/** The inside of the outer sequence: certificate, algorithm of its signature, signature. */
function partsOf(certificate: X509Certificate) {
  const [outer] = elementsOf(certificate.raw);
  return outer === undefined ? [] : elementsOf(outer.content);
}

function version(certificate: X509Certificate): string {
  const [tbs] = partsOf(certificate);
  const first = tbs === undefined ? undefined : elementsOf(tbs.content)[0];
  if (first?.tag !== CONTEXT_0) return '1';
  return String((elementsOf(first.content)[0]?.content[0] ?? 0) + 1);
}

function signature(certificate: X509Certificate): string {
  const algorithm = partsOf(certificate)[1];
  const oid = algorithm === undefined ? undefined : elementsOf(algorithm.content)[0];
  const name = oid === undefined ? '' : oidOf(oid.content);
  return SIGNATURES[name] ?? name;
}

function distinguishedName(name: string, rest: string): string | undefined {
  if (rest === '') return bytes(nameInOneLine(name));
  const match = /^_([A-Za-z]+?)(?:_(\d{1,4}))?(?:_RAW)?$/.exec(rest);
  const [, written = '', index = '0'] = match ?? [];
  const component = written === 'EMAIL' ? 'Email' : written;
  if (!Object.hasOwn(COMPONENTS, component)) return undefined;
  return componentsOf(name, component)[Number(index)];
}

/** @param name without `SSL_SERVER_`, in upper case. */
export function certificateVariable(certificate: X509Certificate, name: string): string | undefined {
  if (name.startsWith('S_DN')) return distinguishedName(certificate.subject ?? '', name.slice(4));
  if (name.startsWith('I_DN')) return distinguishedName(certificate.issuer ?? '', name.slice(4));
  const alternative = /^SAN_(EMAIL|DNS)_(\d{1,4})$/.exec(name);
  if (alternative !== null) {
    const kind = alternative[1] === 'DNS' ? 'DNS' : 'email';
    const entry = alternativeNames(certificate.subjectAltName, kind)[Number(alternative[2])];
    return entry === undefined ? undefined : bytes(entry);
  }
  switch (name) {
    case 'M_VERSION':
      return version(certificate);
    case 'M_SERIAL':
      return certificate.serialNumber;
    case 'V_START':
      return certificate.validFrom;
    case 'V_END':
      return certificate.validTo;
    case 'V_REMAIN':
      return String(Math.max(0, Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY)));
    case 'A_SIG':
      return signature(certificate);
    case 'A_KEY':
      return KEYS[certificate.publicKey.asymmetricKeyType ?? ''] ?? certificate.publicKey.asymmetricKeyType;
    case 'CERT':
      return certificate.toString();
    default:
      return undefined;
  }
}

/** All that StdEnvVars exports of names and alternative names. */
export function exportedNames(certificate: X509Certificate): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const [which, text] of [
    ['S_DN', certificate.subject ?? ''],
    ['I_DN', certificate.issuer ?? ''],
  ] as const) {
    for (const component of EXPORTED_COMPONENTS) {
      componentsOf(text, component).forEach((value, index) => {
        pairs.push([`SSL_SERVER_${which}_${component}${index === 0 ? '' : `_${index}`}`, value]);
      });
    }
  }
  for (const [kind, name] of [
    ['email', 'Email'],
    ['DNS', 'DNS'],
  ] as const) {
    alternativeNames(certificate.subjectAltName, kind).forEach((value, index) => {
      pairs.push([`SSL_SERVER_SAN_${name}_${index}`, bytes(value)]);
    });
  }
  return pairs;
}

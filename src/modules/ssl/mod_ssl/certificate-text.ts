/** Certificates in words and names (ssl_util_ssl.c: modssl_X509_match_name, the lines of ssl_log_xerror). */
import type { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { asciiLower } from '../../../lib/ascii.ts';

/** Of a distinguished name in lines, as Node has it: in one line, its most particular part first (RFC 2253). */
export function nameInOneLine(lines: string): string {
  return lines.split('\n').reverse().join(',');
}

/** For log lines. */
export function describeCertificate(certificate: X509Certificate): string {
  const { subject, issuer, serialNumber, validFrom, validTo } = certificate;
  const names = `subject: ${nameInOneLine(subject ?? '')} / issuer: ${nameInOneLine(issuer ?? '')}`;
  return `[${names} / serial: ${serialNumber} / notbefore: ${validFrom} / notafter: ${validTo}]`;
}

const ENTRIES = {
  DNS: /(?:^|, )DNS:(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
  email: /(?:^|, )email:(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
};

/** The entries of a kind in a subjectAltName as Node writes it: parted by commas, in quotes where an entry could be taken for another. */
export function alternativeNames(altName: string | undefined, kind: keyof typeof ENTRIES): string[] {
  const names: string[] = [];
  for (const [, quoted, plain] of (altName ?? '').matchAll(ENTRIES[kind])) {
    if (plain !== undefined) names.push(plain);
    else if (quoted !== undefined) names.push(unquoted(quoted));
  }
  return names;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}

/** The common names of a subject, in its order. */
export function commonNames(subject: PeerCertificate['subject'] | undefined): string[] {
  const names: unknown = subject?.CN;
  if (names === undefined) return [];
  return Array.isArray(names) ? names.map(String) : [String(names)];
}

/** Whether an entry stands for a host: the same, or `*.` and all of the host but its first label. */
export function matchesHost(entry: string, host: string): boolean {
  const pattern = asciiLower(entry);
  const name = asciiLower(host);
  if (pattern === name) return true;
  const dot = name.indexOf('.');
  return pattern.startsWith('*.') && dot >= 0 && pattern.slice(1) === name.slice(dot);
}

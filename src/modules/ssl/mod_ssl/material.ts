/** Certificates, keys and revocation lists in files (ssl_cmd_check_file, and what ssl_init_* read). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Command } from '../../../config/directive.ts';

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const REVOCATION_LIST = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z0-9]+ )?PRIVATE KEY-----[\s\S]*?-----END ([A-Z0-9]+ )?PRIVATE KEY-----/g;

/** The path, absolute; or what is wrong with the file. */
export function checkedFile(
  cmd: Command,
  path: string,
): { readonly path: string } | { readonly error: string } {
  const absolute = cmd.serverRootRelative(path);
  const stat = statSync(absolute, { throwIfNoEntry: false });
  if (stat?.isFile() === true && stat.size > 0) return { path: absolute };
  return { error: `${cmd.node.name}: file '${absolute}' does not exist or is empty` };
}

export function checkedDirectory(
  cmd: Command,
  path: string,
): { readonly path: string } | { readonly error: string } {
  const absolute = cmd.serverRootRelative(path);
  if (statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true) return { path: absolute };
  return { error: `${cmd.node.name}: directory '${absolute}' does not exist` };
}

export function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

export function revocationListsIn(text: string): string[] {
  return text.match(REVOCATION_LIST) ?? [];
}

export function privateKeysIn(text: string): string[] {
  return text.match(PRIVATE_KEY) ?? [];
}

export function readText(path: string): string {
  return readFileSync(path, 'latin1');
}

/** Files of a directory that `openssl rehash` has named: OpenSSL sees no others. `kind`: '' for certificates, 'r' for revocation lists. */
export function readHashed(directory: string, kind: '' | 'r'): string[] {
  const pattern = new RegExp(`^[0-9a-f]{8}\\.${kind}\\d+$`);
  return readdirSync(directory)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => readText(`${directory}/${name}`));
}
